//! What the templates of forms get.

use serde::Serialize;

/// A form.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// How.
    pub method: &'static str,
    /// Whether it stands by itself, below a line.
    pub parted: bool,
    /// What nobody sees.
    pub hidden: Vec<Hidden>,
    /// What people see.
    pub nodes: Vec<Shown>,
    /// Whose password is asked for, where no field says it: for programs that keep passwords.
    pub username: Option<String>,
    /// Whose nodes these are.
    #[serde(skip)]
    pub group: String,
}

/// A value that a form carries along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What the script calls when the page is there.
    pub load: Option<String>,
}

/// Something in a form; `kind` says what, and which of the others count.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of HTML that is there or not"
)]
pub struct Shown {
    /// `field`, `check`, `button`, `trigger`, `image`, `secret`, `codes`, `text`, `link` or `more`.
    pub kind: &'static str,
    /// Its id in the page.
    pub id: String,
    /// Its name in the form.
    pub name: String,
    /// The input's type.
    pub r#type: &'static str,
    /// Its value.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// A text to be read.
    pub text: String,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// What helps to fill it in.
    pub hint: Option<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// Whether it cannot be used.
    pub disabled: bool,
    /// Whether a box is ticked.
    pub checked: bool,
    /// What a browser may fill in.
    pub autocomplete: Option<String>,
    /// The keyboard of a phone.
    pub inputmode: Option<&'static str>,
    /// What the value must look like.
    pub pattern: Option<String>,
    /// Most characters.
    pub maxlength: Option<u64>,
    /// Whether a phone leaves the letters as they are typed.
    pub bare: bool,
    /// Whether it is the first thing to do.
    pub focus: bool,
    /// The looks of a button.
    pub look: &'static str,
    /// Whether the button sends only what is filled in rightly.
    pub validate: bool,
    /// What is said before something is taken away.
    pub sure: Option<String>,
    /// What the script calls.
    pub call: String,
    /// What the script calls when the page is there.
    pub load: Option<String>,
    /// The address of a picture.
    pub src: String,
    /// Its size.
    pub width: u64,
    /// Its size.
    pub height: u64,
    /// Where a link leads.
    pub href: String,
    /// Backup codes.
    pub codes: Vec<Code>,
    /// What is folded away.
    pub inner: Vec<Shown>,
}

/// A backup code.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    /// The code, or when it was used.
    pub text: String,
    /// Whether it was used.
    pub used: bool,
}
