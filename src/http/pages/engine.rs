//! The templates of `pages/templates/`, in the binary, with every value escaped.

use std::sync::LazyLock;

use minijinja::value::{Kwargs, Serde};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value, context,
};
use serde::Serialize;

use super::frame::Frame;
use super::texts::Language;

macro_rules! templates {
    ($($name:literal)*) => {
        /// Name and source of each.
        const TEMPLATES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../pages/templates/", $name))),)*
        ];
    };
}

templates! {
    "accounts.html" "activation.html" "activity.html" "base.html" "brand.html" "card.html" "desk.html" "flow.html"
    "form.html" "message.html" "messages.html" "node.html" "notice.html" "sessions.html"
    "settings.html" "steps.html" "terms.html"
    "welcome.html"
    "console/change.html"
    "console/circles.html"
    "console/sheet.html"
    "console/sets.html"
    "console/person-access.html"
    "console/person-attributes.html"
    "console/person-groups.html"
    "console/frame.html"
    "console/person-history.html"
    "console/ledger.html"
    "console/ledger-export.html"
    "console/ledger-act.html"
    "console/history.html"
    "console/history-list.html"
    "console/history-entry.html"
    "console/mail.html"
    "console/mail-one.html"
    "console/overview.html"
    "console/export.html"
    "console/fields.html"
    "console/invite.html"
    "console/invited.html"
    "console/several.html"
    "console/people.html"
    "console/person-accounts.html"
    "console/person-applications.html"
    "console/person-code.html"
    "console/person-confirm.html"
    "console/person-credentials.html"
    "console/person-edit.html"
    "console/person-inspect.html"
    "console/person-overview.html"
    "console/person-sessions.html"
    "console/person.html"
    "console/receipt.html"
    "console/wrong.html"
}

static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut made = Environment::new();
    made.set_auto_escape_callback(|_| AutoEscape::Html);
    // A name that is mistyped in a template is found by the tests, and not by an empty page.
    made.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    made.add_function("t", say);
    made.add_function("n", say_of);
    for (name, source) in TEMPLATES {
        made.add_template(name, source)?;
    }
    Ok(made)
});

/// `t("key", place="value")` in a template: a text in the page's language.
#[expect(clippy::needless_pass_by_value, reason = "how the engine hands arguments over")]
fn say(state: &State<'_, '_>, key: &str, values: Kwargs) -> Result<String, Error> {
    let language = language(state)?;
    if !language.has(key) {
        return Err(Error::new(ErrorKind::UndefinedError, format!("there is no text {key}")));
    }
    let names: Vec<String> = values.args().map(ToOwned::to_owned).collect();
    let mut given = Vec::new();
    for name in &names {
        given.push((name.as_str(), values.get::<String>(name)?));
    }
    values.assert_all_used()?;
    let given: Vec<(&str, &str)> =
        given.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Ok(language.text_with(key, &given))
}

/// `n("key", count)` in a template: a text about so many of something.
fn say_of(state: &State<'_, '_>, key: &str, count: u64) -> Result<String, Error> {
    let language = language(state)?;
    if !language.has(&format!("{key}.other")) {
        return Err(Error::new(ErrorKind::UndefinedError, format!("there is no text {key}.other")));
    }
    Ok(language.counted(key, count, &[]))
}

/// The language of the page.
fn language(state: &State<'_, '_>) -> Result<Language, Error> {
    let page = state.lookup("page").unwrap_or_default();
    let language = Language::of(page.get_attr("lang")?.as_str().unwrap_or_default());
    Ok(language.unwrap_or_default())
}

/// A page as HTML: what is around it, and what is in it.
///
/// # Errors
/// When template and values do not fit together.
pub fn render<T: Serialize>(template: &str, frame: &Frame, content: &T) -> Result<String, Error> {
    let environment = ENVIRONMENT.as_ref().map_err(|error| {
        Error::new(ErrorKind::BadSerialization, format!("the templates are broken: {error}"))
    })?;
    let page = Value::from(Serde(frame));
    let content = Value::from(Serde(content));
    environment.get_template(template)?.render(context! { page, ..content })
}

/// A piece of a page by itself, in English.
#[cfg(test)]
pub(super) fn part<T: Serialize>(template: &str, content: &T) -> Result<String, Error> {
    let environment = ENVIRONMENT.as_ref().unwrap();
    let page = context! { lang => "en" };
    let content = Value::from(Serde(content));
    environment.get_template(template)?.render(context! { page, ..content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_in_the_binary_and_can_be_read() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pages/templates");
        let names = |below: &str| -> Vec<String> {
            let files = std::fs::read_dir(folder.join(below)).unwrap().map(|entry| entry.unwrap());
            let files = files.filter(|file| file.file_type().unwrap().is_file());
            let name = |file: std::fs::DirEntry| file.file_name().into_string().unwrap();
            files.map(|file| format!("{below}{}", name(file))).collect()
        };
        let mut files = names("");
        files.extend(names("console/"));
        files.sort();
        let mut known: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(files, known);
        assert!(ENVIRONMENT.as_ref().is_ok(), "{:?}", ENVIRONMENT.as_ref().err());
    }
}
