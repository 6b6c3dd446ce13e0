// What a program does with `@ory/kratos-client`, unmodified; started by tests/clients/mod.rs.
//
//     node client.js ADMIN PUBLIC EMAIL
//
// Prints `session for ID` where it needs one, and reads its token from standard input.

const assert = require("node:assert/strict");
const readline = require("node:readline");
const kratos = require("@ory/kratos-client");

// Waits for what must be refused with this status.
async function refused(status, answer) {
  const error = await answer.then(() => null, (error) => error);
  assert.equal(error?.response?.status, status);
  assert.equal(error.response.data.error.code, status);
  return error.response.data.error;
}

async function line() {
  const lines = readline.createInterface({ input: process.stdin });
  const { value } = await lines[Symbol.asyncIterator]().next();
  lines.close();
  return value.trim();
}

async function main([admin, public_, email]) {
  const at = (basePath) => new kratos.Configuration({ basePath });
  const identities = new kratos.IdentityApi(at(admin));
  const frontend = new kratos.FrontendApi(at(public_));
  assert.equal((await new kratos.MetadataApi(at(admin)).isReady()).data.status, "ok");
  assert.ok((await new kratos.MetadataApi(at(public_)).getVersion()).data.version);

  // create
  const body = {
    schema_id: "social_user_v0",
    traits: { email, name: "Ada Byron" },
    metadata_admin: { team: "engines" },
    credentials: { password: { config: { password: "a stone bridge over the Nera" } } },
  };
  const made = await identities.createIdentity({ createIdentityBody: body });
  assert.equal(made.status, 201);
  const { id } = made.data;
  assert.equal(made.headers.location.split("/").pop(), id);
  assert.equal(made.data.state, "active");
  await refused(409, identities.createIdentity({ createIdentityBody: body }));

  // list
  const found = await identities.listIdentities({ credentialsIdentifier: email });
  assert.deepEqual(found.data.map((one) => one.id), [id]);
  const page = await identities.listIdentities({ pageSize: 1 });
  assert.equal(page.data.length, 1);
  assert.match(page.headers.link, /page_size=1/);

  // get
  const read = await identities.getIdentity({ id, includeCredential: ["password"] });
  assert.ok(read.data.credentials.password.config.hashed_password);
  assert.deepEqual(read.data.metadata_admin, { team: "engines" });

  // patch, put
  const jsonPatch = [{ op: "replace", path: "/traits/name", value: "Ada Lovelace" }];
  const patched = await identities.patchIdentity({ id, jsonPatch });
  assert.equal(patched.data.traits.name, "Ada Lovelace");
  const updateIdentityBody = {
    schema_id: "social_user_v0",
    state: "active",
    traits: { email, name: "Ada King" },
    metadata_public: { theme: "dark" },
  };
  const put = await identities.updateIdentity({ id, updateIdentityBody });
  assert.deepEqual(put.data.metadata_public, { theme: "dark" });
  const wrong = [{ op: "replace", path: "/id", value: "x" }];
  await refused(400, identities.patchIdentity({ id, jsonPatch: wrong }));

  // session
  console.log(`session for ${id}`);
  const xSessionToken = await line();
  const session = (await frontend.toSession({ xSessionToken })).data;
  assert.equal(session.active, true);
  assert.equal(session.identity.traits.name, "Ada King");
  assert.equal(session.authenticator_assurance_level, "aal1");
  const mine = await identities.listIdentitySessions({ id });
  assert.deepEqual(mine.data.map((one) => one.id), [session.id]);
  const shown = await identities.getSession({ id: session.id, expand: ["identity"] });
  assert.equal(shown.data.identity.id, id);
  const live = await identities.listSessions({ active: true });
  assert.ok(live.data.some((one) => one.id === session.id));
  await identities.extendSession({ id: session.id });
  await identities.disableSession({ id: session.id });
  await refused(401, frontend.toSession({ xSessionToken }));

  // recovery
  const recovery = { identity_id: id, expires_in: "1h" };
  const code = await identities.createRecoveryCodeForIdentity({
    createRecoveryCodeForIdentityBody: recovery,
  });
  assert.match(code.data.recovery_code, /^[0-9]{6}$/);
  assert.ok(new URL(code.data.recovery_link));
  const schemas = await identities.listIdentitySchemas();
  assert.ok(schemas.data.some((one) => one.id === "social_user_v0"));

  // delete
  assert.equal((await identities.deleteIdentity({ id })).status, 204);
  const missing = await refused(404, identities.getIdentity({ id }));
  assert.equal(missing.message, "Unable to locate the resource");
  console.log("done");
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
