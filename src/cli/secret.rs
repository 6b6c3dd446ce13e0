//! Secrets of a local run: `file:PATH` where a charm would be given the id of a Juju secret.
//!
//! The file holds either a YAML or JSON map from key to text, as `juju add-secret --file` reads it
//! (`password: "correct horse"`), or nothing but the password, with or without a newline at its
//! end. A file that reads as a map is taken as one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use secrecy::SecretString;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::actions::host::SecretFault;
use crate::yaml;

/// The largest file that is read, in bytes; Juju's own limit for a secret is 1 MiB.
const LARGEST: u64 = 1024 * 1024;

/// The content of the secret `id`.
///
/// # Errors
/// When `id` does not name a file, or the file cannot be read as a secret.
pub fn read(id: &str) -> Result<BTreeMap<String, SecretString>, SecretFault> {
    let Some(path) = id.strip_prefix("file:") else {
        return Err(SecretFault::Other("a local run reads secrets from file:PATH".to_owned()));
    };
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > LARGEST => {
            Err(SecretFault::Other(format!("{path} is larger than 1 MiB")))
        }
        Ok(_) => content(&text).map_err(|problem| SecretFault::Other(format!("{path} {problem}"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SecretFault::NotFound),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(SecretFault::Denied(format!("{path}: permission denied")))
        }
        Err(error) => Err(SecretFault::Other(format!("{path}: {error}"))),
    }
}

fn content(text: &str) -> Result<BTreeMap<String, SecretString>, String> {
    if let Ok(Value::Object(map)) = yaml::from_str::<Value>(text) {
        return map
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key, SecretString::from(text))),
                // A password that is a number was something else before YAML read it, such as 007.
                Value::Number(number) if key == "port" => {
                    Ok((key, SecretString::from(number.to_string())))
                }
                _ => Err(format!("holds {key} as something else than text; put it in quotes")),
            })
            .collect();
    }
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(BTreeMap::from([("password".to_owned(), SecretString::from(line.to_owned()))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn password(text: &str) -> Option<String> {
        content(text).ok()?.get("password").map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn a_map_or_bare_text_holds_the_password() {
        for text in
            ["password: \"pa ss\"\nother: x\n", "{\"password\": \"pa ss\"}", "pa ss\n", "pa ss"]
        {
            assert_eq!(password(text).as_deref(), Some("pa ss"), "{text}");
        }
        assert_eq!(password("007\n").as_deref(), Some("007"));
        assert_eq!(password("#x: [\n").as_deref(), Some("#x: ["));
        assert_eq!(password("two\nlines\r\n").as_deref(), Some("two\nlines"));
    }

    #[test]
    fn a_password_is_never_guessed() {
        assert_eq!(password("other: x"), None);
        assert!(content("password: 12345").is_err());
        assert_eq!(content("port: 587").unwrap()["port"].expose_secret(), "587");
        assert!(content("\n").is_err());
        assert!(matches!(read("secret:abc"), Err(SecretFault::Other(_))));
        assert!(matches!(read("file:/nowhere/at/all"), Err(SecretFault::NotFound)));
    }
}
