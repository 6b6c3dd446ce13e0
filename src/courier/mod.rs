//! The post: what mails say, how they are put together, and how they reach a mail server. It knows
//! neither the store nor who asked for a mail; `service::courier` does.

mod bell;
mod fault;
mod letter;
mod line;
mod template;
mod texts;

pub use bell::Outbox;
pub use letter::{Letter, Sender};
pub use line::{Line, Refusal};
pub use template::{GoTemplate, TemplateError};
pub use texts::{LANGUAGES, Written, language, write};

#[cfg(test)]
mod tests;
