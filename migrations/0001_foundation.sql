-- One text for SQLite and PostgreSQL; words in braces are expanded by src/store/dialect.rs.
-- Times are microseconds since 1970 UTC, ids are lower-case UUID text, documents are JSON text.

CREATE TABLE settings (
    name {TEXT} NOT NULL,
    value {TEXT} NOT NULL,
    CONSTRAINT settings_pkey PRIMARY KEY (name)
){STRICT};

-- Every write on PostgreSQL begins by locking this table, so that writers are in one order there
-- as they are on SQLite.
CREATE TABLE write_gate (
    place {INT} NOT NULL
){STRICT};

-- `addresses` is a list of [value, via, id, verifiable, recovery, created_at, updated_at, verified_at],
-- ordered by `via` and `value`. An address that came with the person has no `created_at` of its own, and
-- one that never changed no `updated_at`.
CREATE TABLE identities (
    n {KEY},
    id {TEXT} NOT NULL,
    external_id {TEXT},
    schema_id {TEXT} NOT NULL,
    traits {TEXT} NOT NULL,
    metadata_public {TEXT},
    metadata_admin {TEXT},
    status {TEXT} NOT NULL,
    status_changed_at {INT},
    status_detail {TEXT},
    status_until {INT},
    expires_at {INT},
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    search_text {TEXT} NOT NULL,
    addresses {TEXT} NOT NULL
){STRICT};
CREATE UNIQUE INDEX identities_id ON identities (id);
CREATE INDEX identities_status ON identities (status, n) WHERE status <> 'active';
CREATE INDEX identities_expires_at ON identities (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX identities_schema_id ON identities (schema_id, n);
CREATE UNIQUE INDEX identities_external_id ON identities (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE authorities (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    authority {TEXT} NOT NULL,
    granted_at {INT} NOT NULL,
    CONSTRAINT authorities_pkey PRIMARY KEY (identity, authority)
){STRICT};
CREATE INDEX authorities_authority ON authorities (authority);

-- Roles and groups. `word` is what applications know one by; `permissions` is a list, which only
-- roles have.
CREATE TABLE circles (
    n {KEY},
    kind {TEXT} NOT NULL,
    id {TEXT} NOT NULL,
    word {TEXT} NOT NULL,
    name {TEXT} NOT NULL,
    description {TEXT} NOT NULL,
    permissions {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL
){STRICT};
CREATE UNIQUE INDEX circles_id ON circles (id);
CREATE UNIQUE INDEX circles_word ON circles (kind, word);

CREATE TABLE circle_members (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    circle {INT} NOT NULL REFERENCES circles (n) ON DELETE CASCADE,
    granted_at {INT} NOT NULL,
    CONSTRAINT circle_members_pkey PRIMARY KEY (identity, circle)
){CLUSTERED};
CREATE INDEX circle_members_circle ON circle_members (circle, identity);

-- The roles that a group carries.
CREATE TABLE circle_roles (
    holder {INT} NOT NULL REFERENCES circles (n) ON DELETE CASCADE,
    role {INT} NOT NULL REFERENCES circles (n) ON DELETE CASCADE,
    CONSTRAINT circle_roles_pkey PRIMARY KEY (holder, role)
){CLUSTERED};
CREATE INDEX circle_roles_role ON circle_roles (role, holder);

-- Permissions given to a person, not to a role.
CREATE TABLE permissions (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    permission {TEXT} NOT NULL,
    granted_at {INT} NOT NULL,
    CONSTRAINT permissions_pkey PRIMARY KEY (identity, permission)
){CLUSTERED};

-- What is kept about people: `attributes` is a list of what can be in a set. The values are in
-- `identities.metadata_admin`.
CREATE TABLE attribute_sets (
    identifier {TEXT} NOT NULL,
    name {TEXT} NOT NULL,
    description {TEXT} NOT NULL,
    attributes {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    CONSTRAINT attribute_sets_pkey PRIMARY KEY (identifier)
){STRICT};

-- `second`: whether it can be the second factor of a sign-in.
CREATE TABLE credentials (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    kind {TEXT} NOT NULL,
    config {TEXT} NOT NULL,
    second {INT} NOT NULL,
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL,
    CONSTRAINT credentials_pkey PRIMARY KEY (identity, kind)
){CLUSTERED};
-- Second factors, which few have: a session check finds out here without looking into the table.
CREATE INDEX credentials_second ON credentials (identity, second) WHERE second = 1;

CREATE TABLE credential_identifiers (
    value {TEXT} NOT NULL,
    kind {TEXT} NOT NULL,
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    CONSTRAINT credential_identifiers_pkey PRIMARY KEY (value, kind)
){CLUSTERED};
CREATE INDEX credential_identifiers_identity ON credential_identifiers (identity, kind);

-- Whose address it is: one row for each in `identities.addresses`, by which its owner is found;
-- whether it may be verified, may receive recovery codes, or both.
CREATE TABLE addresses (
    value {TEXT} NOT NULL,
    via {TEXT} NOT NULL,
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    verifiable {INT} NOT NULL,
    recovery {INT} NOT NULL,
    CONSTRAINT addresses_pkey PRIMARY KEY (identity, via, value)
){CLUSTERED};
CREATE UNIQUE INDEX addresses_value ON addresses (value, via);

-- Accounts through which nobody may sign in: `internal`, or `provider:subject`.
CREATE TABLE account_locks (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    account {TEXT} NOT NULL,
    locked_at {INT} NOT NULL,
    CONSTRAINT account_locks_pkey PRIMARY KEY (identity, account)
){CLUSTERED};

-- `methods` and `devices` are documents as the API shows them. `authorities` are the rights the owner
-- held when they last showed who they are, between blanks: the session carries no others.
CREATE TABLE sessions (
    n {KEY},
    id {TEXT} NOT NULL,
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    token_digest {BLOB} NOT NULL,
    active {INT} NOT NULL,
    aal {TEXT} NOT NULL,
    methods {TEXT} NOT NULL,
    authenticated_at {INT} NOT NULL,
    issued_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    devices {TEXT} NOT NULL,
    authorities {TEXT} NOT NULL
){STRICT};
CREATE UNIQUE INDEX sessions_id ON sessions (id);
CREATE UNIQUE INDEX sessions_token_digest ON sessions (token_digest);
CREATE INDEX sessions_identity ON sessions (identity);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- When each session was last used, to about ten minutes; one that was not used since its owner showed
-- who they are has no row.
CREATE TABLE sightings (
    session {INT} NOT NULL REFERENCES sessions (n) ON DELETE CASCADE,
    at {INT} NOT NULL,
    CONSTRAINT sightings_pkey PRIMARY KEY (session)
){CLUSTERED};

-- When each person last signed in, and how: it outlives the session.
CREATE TABLE last_logins (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    at {INT} NOT NULL,
    method {TEXT} NOT NULL,
    provider {TEXT},
    ip {TEXT},
    CONSTRAINT last_logins_pkey PRIMARY KEY (identity)
){CLUSTERED};

-- What each person last answered to the terms of service, and to which version of them.
CREATE TABLE terms (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    answer {TEXT} NOT NULL,
    version {TEXT} NOT NULL,
    answered_at {INT} NOT NULL,
    CONSTRAINT terms_pkey PRIMARY KEY (identity)
){CLUSTERED};

CREATE TABLE codes (
    id {TEXT} NOT NULL,
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    purpose {TEXT} NOT NULL,
    digest {TEXT} NOT NULL,
    attempts {INT} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    used_at {INT},
    CONSTRAINT codes_pkey PRIMARY KEY (id)
){STRICT};
CREATE INDEX codes_identity ON codes (identity);
CREATE INDEX codes_expires_at ON codes (expires_at);

-- People who are invited and have not come yet. `digest` is SHA-256 of the secret in their link, in
-- hex; `authorities` is a list; `message` is the mail with the link, if one was sent.
CREATE TABLE invitations (
    identity {INT} NOT NULL REFERENCES identities (n) ON DELETE CASCADE,
    digest {TEXT} NOT NULL,
    email {TEXT} NOT NULL,
    authorities {TEXT} NOT NULL,
    locale {TEXT} NOT NULL,
    message {TEXT},
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    CONSTRAINT invitations_pkey PRIMARY KEY (identity)
){STRICT};
CREATE UNIQUE INDEX invitations_digest ON invitations (digest);

-- Attempts to sign in, to make an account and so on. `form` is a document; `sealed` holds secrets
-- that wait to be confirmed, sealed with the data key.
CREATE TABLE flows (
    id {TEXT} NOT NULL,
    kind {TEXT} NOT NULL,
    identity {TEXT},
    attempts {INT} NOT NULL,
    form {TEXT} NOT NULL,
    sealed {TEXT},
    issued_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    CONSTRAINT flows_pkey PRIMARY KEY (id)
){STRICT};
CREATE INDEX flows_expires_at ON flows (expires_at);
CREATE INDEX flows_identity ON flows (identity) WHERE identity IS NOT NULL;

-- What went wrong in a browser, for the page it was sent to.
CREATE TABLE flow_errors (
    id {TEXT} NOT NULL,
    error {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    CONSTRAINT flow_errors_pkey PRIMARY KEY (id)
){STRICT};
CREATE INDEX flow_errors_expires_at ON flow_errors (expires_at);

-- Counters of failed attempts and of mails, and the networks that somebody signed in from. The keys
-- are keyed digests.
CREATE TABLE throttle (
    key {TEXT} NOT NULL,
    count {INT} NOT NULL,
    last_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    CONSTRAINT throttle_pkey PRIMARY KEY (key)
){CLUSTERED};
CREATE INDEX throttle_expires_at ON throttle (expires_at);

-- Mail and text messages on their way. `content` is sealed with the data key: it holds codes, and
-- is erased when the message is done. `next_at` is when to try next, or when the one that tries now
-- (`claim`) has had its time; nothing once the message is done.
CREATE TABLE messages (
    n {KEY},
    id {TEXT} NOT NULL,
    status {TEXT} NOT NULL,
    kind {TEXT} NOT NULL,
    recipient {TEXT} NOT NULL,
    template {TEXT} NOT NULL,
    content {TEXT},
    send_count {INT} NOT NULL,
    next_at {INT},
    claim {TEXT},
    expires_at {INT},
    created_at {INT} NOT NULL,
    updated_at {INT} NOT NULL
){STRICT};
CREATE UNIQUE INDEX messages_id ON messages (id);
CREATE INDEX messages_next_at ON messages (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX messages_status ON messages (status, n);
CREATE INDEX messages_recipient ON messages (recipient, n);

-- Attempts to send a message.
CREATE TABLE message_dispatches (
    message {INT} NOT NULL REFERENCES messages (n) ON DELETE CASCADE,
    id {TEXT} NOT NULL,
    succeeded {INT} NOT NULL,
    error {TEXT},
    created_at {INT} NOT NULL,
    CONSTRAINT message_dispatches_pkey PRIMARY KEY (message, id)
){CLUSTERED};

-- Tokens for the admin port; the digest is SHA-256 of the token, in hex.
CREATE TABLE api_tokens (
    id {TEXT} NOT NULL,
    name {TEXT} NOT NULL,
    scope {TEXT} NOT NULL,
    digest {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT},
    last_used_at {INT},
    revoked_at {INT},
    CONSTRAINT api_tokens_pkey PRIMARY KEY (id)
){STRICT};
CREATE UNIQUE INDEX api_tokens_digest ON api_tokens (digest);

CREATE TABLE ledger_entries (
    seq {SEQ},
    entry {TEXT} NOT NULL,
    leaf {BLOB} NOT NULL,
    time {INT} NOT NULL,
    type {TEXT} NOT NULL,
    principal {TEXT}
){STRICT};
CREATE INDEX ledger_entries_type ON ledger_entries (type, seq);
CREATE INDEX ledger_entries_principal ON ledger_entries (principal, seq) WHERE principal IS NOT NULL;

-- By what else the history is asked for: `value` is the `what` of the entries from `first` to before
-- `past`. Entries that are written together share a row, and what can be found otherwise has none:
-- an actor that is the principal, the outcome `success`.
CREATE TABLE ledger_marks (
    what {TEXT} NOT NULL,
    value {TEXT} NOT NULL,
    first {INT} NOT NULL,
    past {INT} NOT NULL,
    CONSTRAINT ledger_marks_pkey PRIMARY KEY (what, value, first)
){CLUSTERED};

CREATE TABLE ledger_disclosures (
    seq {INT} NOT NULL,
    name {TEXT} NOT NULL,
    encoded {TEXT} NOT NULL,
    CONSTRAINT ledger_disclosures_pkey PRIMARY KEY (seq, name)
){CLUSTERED};

CREATE TABLE ledger_checkpoints (
    size {SEQ},
    root {BLOB} NOT NULL,
    frontier {BLOB} NOT NULL,
    note {TEXT} NOT NULL,
    time {INT} NOT NULL
){STRICT};

-- Hashes of whole subtrees: the `place`-th one of 2^`height` entries.
CREATE TABLE ledger_nodes (
    height {INT} NOT NULL,
    place {INT} NOT NULL,
    hash {BLOB} NOT NULL,
    CONSTRAINT ledger_nodes_pkey PRIMARY KEY (height, place)
){CLUSTERED};

-- The newest leaf, the right edge of the tree, what the last checkpoint covers, and the realm of the
-- newest entry: one row.
CREATE TABLE ledger_head (
    realm {TEXT} NOT NULL,
    size {INT} NOT NULL,
    leaf {BLOB} NOT NULL,
    frontier {BLOB} NOT NULL,
    time {INT} NOT NULL,
    signed_size {INT} NOT NULL,
    signed_at {INT} NOT NULL
){STRICT};

-- Where what is kept of the ledger begins, once something was pruned: the edge of the tree of all before
-- it, and the hash of the last entry of that. One row.
CREATE TABLE ledger_base (
    before {INT} NOT NULL,
    frontier {BLOB} NOT NULL,
    leaf {BLOB} NOT NULL
){STRICT};

-- Before which entry the personal values that a rule is about have had their time.
CREATE TABLE ledger_retention (
    class {TEXT} NOT NULL,
    rule {TEXT} NOT NULL,
    done {INT} NOT NULL,
    CONSTRAINT ledger_retention_pkey PRIMARY KEY (class)
){STRICT};

-- Whose personal values in the ledger are to be erased, and when.
CREATE TABLE erasures (
    identity {TEXT} NOT NULL,
    due_at {INT} NOT NULL,
    CONSTRAINT erasures_pkey PRIMARY KEY (identity)
){STRICT};
CREATE INDEX erasures_due_at ON erasures (due_at);

-- How much of a list of deletions and erasures outside the database is known here: so many bytes of
-- it, and it has all that happened before the entry `seq`. Each machine has a list of its own.
CREATE TABLE erasure_lists (
    list {TEXT} NOT NULL,
    bytes {INT} NOT NULL,
    seq {INT} NOT NULL,
    CONSTRAINT erasure_lists_pkey PRIMARY KEY (list)
){STRICT};

-- Whose personal values in the ledger are kept whatever else is said. Outlives the identity.
CREATE TABLE legal_holds (
    identity {TEXT} NOT NULL,
    held_at {INT} NOT NULL,
    CONSTRAINT legal_holds_pkey PRIMARY KEY (identity)
){STRICT};

{LEDGER_GUARD}
{SEARCH_INDEX}
