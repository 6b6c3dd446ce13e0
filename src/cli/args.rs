//! The command line, as clap understands it: exactly what the user typed, nothing decided yet.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// What `--help` says after the options.
const EXIT_STATUS: &str = "\
Exit status:
  0  done; as with `juju run`, this includes an action that failed and said why
  1  refused or failed; audit verify: the ledger was altered
  2  the command line is wrong; audit verify: it cannot tell";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "doorward",
    version,
    about = "An identity provider that is also its own Juju charm",
    after_help = EXIT_STATUS,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Options every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The options of every command, wherever they were given.
    #[must_use]
    pub fn global(&self) -> Global {
        let mut global = self.global.clone();
        global.sets.set.extend_from_slice(&self.command.sets().set);
        global
    }
}

impl Command {
    fn sets(&self) -> &Sets {
        static NONE: Sets = Sets { set: Vec::new() };
        match self {
            Self::Run(args) => &args.sets,
            Self::Serve(args) => &args.sets,
            Self::Audit(Audit::Verify(args)) => &args.sets,
            Self::Audit(Audit::Export(args)) => &args.sets,
            Self::Audit(Audit::Checkpoint(args)) => &args.sets,
            Self::Audit(Audit::List(args)) => &args.sets,
            Self::Audit(Audit::Prune(args)) => &args.sets,
            Self::Audit(Audit::Erasures(args)) => &args.sets,
            Self::Audit(Audit::Reindex(args)) => &args.sets,
            Self::Audit(Audit::RepeatErasures(args)) => &args.sets,
            Self::Backup(args) => &args.sets,
            Self::Restore(args) => &args.sets,
            Self::Import(args) => &args.sets,
            Self::Export(args) => &args.sets,
            Self::Completions(_) => &NONE,
        }
    }
}

/// Options every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Directory with the database and the keys; it is made when it is missing
    /// [default: doorward in `$XDG_STATE_HOME` or ~/.local/state]
    #[arg(
        long,
        value_name = "DIR",
        env = "DOORWARD_STATE_DIR",
        hide_env_values = true,
        global = true
    )]
    pub state_dir: Option<PathBuf>,
    /// See [`Sets`]; those before the command.
    #[command(flatten)]
    pub sets: Sets,
    /// YAML file with options of config.yaml; --set goes over it
    #[arg(long, value_name = "FILE", global = true)]
    pub options: Option<PathBuf>,
    /// File in which the charm keeps a unit's name, state directory and options
    #[arg(long, value_name = "FILE", global = true)]
    pub unit_record: Option<PathBuf>,
}

/// Options of config.yaml, one by one. Declared for the program and again for each command, because
/// clap would let those after the command take the place of those before it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Sets {
    /// Set an option of config.yaml; may be given several times
    #[arg(long = "set", value_name = "OPTION=VALUE")]
    pub set: Vec<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an action of the charm here, and print what `juju run` prints
    Run(Run),
    /// Serve the public and the admin listener until told to stop
    Serve(Serve),
    /// Read, check and sign the audit ledger
    #[command(subcommand)]
    Audit(Audit),
    /// Write a consistent copy of the database to a new file
    Backup(Backup),
    /// Put a copy of the database back
    Restore(Restore),
    /// Create identities from a file
    Import(Import),
    /// Write all identities to a file or to stdout
    Export(Export),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// `doorward run`.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct Run {
    /// Name of the action; see --list
    #[arg(index = 1, required_unless_present_any = ["list", "help"])]
    pub action: Option<String>,
    /// Parameters as key=value or key.key=value; values are YAML
    #[arg(index = 2, value_name = "KEY=VALUE")]
    pub pairs: Vec<String>,
    /// YAML file with parameters; arguments go over it
    #[arg(long, value_name = "FILE")]
    pub params: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Plain)]
    pub format: Format,
    /// Take the arguments as text instead of YAML
    #[arg(long)]
    pub string_args: bool,
    /// List the actions
    #[arg(long, conflicts_with = "action")]
    pub list: bool,
    /// Print help; with an action, about that action
    #[arg(short, long)]
    pub help: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// Forms of a result, as `juju run` has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The results as YAML, or the sentence the action failed with
    Plain,
    /// Everything about the task as YAML
    Yaml,
    /// Everything about the task as JSON on one line
    Json,
}

/// `doorward serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where people connect; port 0 takes a free one [default: the option `public_port` on all addresses]
    #[arg(long, value_name = "HOST:PORT")]
    pub public_address: Option<String>,
    /// Where administrators' programs connect: HOST:PORT, or unix:PATH for a Unix socket
    /// [default: the options `admin_address` and `admin_port`]
    #[arg(long, value_name = "PLACE")]
    pub admin_address: Option<String>,
    /// Let tokens and accounts travel unencrypted when the admin address is not on this machine only
    #[arg(long)]
    pub admin_in_the_clear: bool,
    /// Let whoever reaches the admin address do everything, without a token or a certificate
    #[arg(long)]
    pub admin_open_to_everyone: bool,
    /// Unix socket that tells whether the service is well, and nothing else; the charm asks it
    #[arg(long, value_name = "PATH")]
    pub health_socket: Option<PathBuf>,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no entry was changed, removed, inserted or reordered
    Verify(Verify),
    /// Write the ledger in the form `audit verify --export` reads
    Export(AuditExport),
    /// Sign the present state and print the checkpoint and the verifier key
    Checkpoint(Checkpoint),
    /// List entries, the newest first
    List(List),
    /// Drop the oldest entries for good; the rest verifies as before
    Prune(Prune),
    /// Make the index again that entries are searched by, where it was altered
    Reindex(Reindex),
    /// List whose personal values were erased, and whose will be
    Erasures(Erasures),
    /// Delete and erase again who was deleted or erased since the backup that was restored
    RepeatErasures(RepeatErasures),
}

/// `doorward audit repeat-erasures`.
#[derive(Debug, Args)]
pub struct RepeatErasures {
    /// Add to the list what this file says: the ledger as it was streamed, an export of it, or
    /// erasures.jsonl of another state directory
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Only say who it is
    #[arg(long)]
    pub dry_run: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit reindex`.
#[derive(Debug, Args)]
pub struct Reindex {
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit prune`.
#[derive(Debug, Args)]
pub struct Prune {
    /// Entries made before this time go
    #[arg(long, value_name = "TIME")]
    pub until: String,
    /// Only say what would go
    #[arg(long)]
    pub dry_run: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit erasures`.
#[derive(Debug, Args)]
pub struct Erasures {
    /// Only erasures at or after this time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// The token the page before ended with
    #[arg(long, value_name = "TOKEN")]
    pub page_token: Option<String>,
    /// Print the entries that record them, one JSON document per line
    #[arg(long)]
    pub json: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Check a file that `audit export` wrote, and those beside it, instead of the database
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Verifier key kept elsewhere, or @FILE with it, instead of the deployment's own
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// File with a checkpoint kept elsewhere; the ledger must contain all that it covers
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit export`.
#[derive(Debug, Args)]
pub struct AuditExport {
    /// New file for the entries; checkpoints and personal values go beside it
    pub file: PathBuf,
    /// Also write the personal values the entries refer to
    #[arg(long)]
    pub disclosures: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit checkpoint`.
#[derive(Debug, Args)]
pub struct Checkpoint {
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward audit list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only entries about the identity with this id
    #[arg(long, value_name = "ID")]
    pub identity: Option<String>,
    /// Only entries of this type (user.blocked) or family (user)
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only entries at or after this time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only entries before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How many entries at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
    /// The token the page before ended with
    #[arg(long, value_name = "TOKEN")]
    pub page_token: Option<String>,
    /// Print the canonical entries, one JSON document per line
    #[arg(long)]
    pub json: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// New file [default: a dated one in the directory backups of the state directory]
    pub file: Option<PathBuf>,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// File that `backup` wrote
    pub file: PathBuf,
    /// Replace the database that is there; it is kept beside the new one
    #[arg(long)]
    pub replace: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward import`.
#[derive(Debug, Args)]
pub struct Import {
    /// File with one JSON document per line, or one JSON list
    pub file: PathBuf,
    /// Only check the file and say what would be created
    #[arg(long)]
    pub dry_run: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward export`.
#[derive(Debug, Args)]
pub struct Export {
    /// New file [default: stdout]
    pub file: Option<PathBuf>,
    /// Also write password hashes, second factors and linked accounts
    #[arg(long)]
    pub include_credentials: bool,
    /// See [`Sets`].
    #[command(flatten)]
    pub sets: Sets,
}

/// `doorward completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}
