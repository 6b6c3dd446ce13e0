//! What templates do, and what they cannot do.

//! What templates do, and what they cannot do.

use serde_json::json;

use super::*;

fn filled(template: &str) -> String {
    let data = json!({
        "To": "ada@example.com",
        "RecoveryCode": "493027",
        "ExpiresInMinutes": 60,
        "Identity": {"traits": {"email": "ada@example.com", "name": "A <b>&\"'"}, "roles": ["x", "y"]},
        "Empty": [],
    });
    GoTemplate::parse(template).and_then(|read| read.html(&data)).unwrap_or_else(|e| e.to_string())
}

#[test]
fn fields_conditions_loops_and_functions_are_filled_in() {
    for (template, expected) in [
        ("Hi {{ .To }}, {{.RecoveryCode}}!", "Hi ada@example.com, 493027!"),
        ("{{ .Identity.traits.email }}", "ada@example.com"),
        ("{{ .Missing.at.all }}|", "|"),
        ("{{ if .RecoveryCode }}a{{ else }}b{{ end }}", "a"),
        ("{{ if .Empty }}a{{ else if eq .ExpiresInMinutes 60 }}b{{ else }}c{{ end }}", "b"),
        ("{{ if and .To (not .Empty) }}yes{{ end }}", "yes"),
        ("{{ range .Identity.roles }}[{{ . }}]{{ end }}", "[x][y]"),
        (
            "{{ range $i, $r := .Identity.roles }}{{ $i }}{{ $r }}{{ $.To }} {{ end }}",
            "0xada@example.com 1yada@example.com ",
        ),
        ("{{ range .Empty }}a{{ else }}none{{ end }}", "none"),
        ("{{ with .Identity.traits }}{{ .email }}{{ end }}", "ada@example.com"),
        ("{{ $c := .RecoveryCode }}{{ $c = printf \"%s-%d\" $c 7 }}{{ $c }}", "493027-7"),
        ("{{ .To | upper | printf \"%q\" }}", "&quot;ADA@EXAMPLE.COM&quot;"),
        ("a  {{- /* gone }} */ -}}  b", "ab"),
        ("a {{- \" }} \" -}} b", "a }} b"),
        ("{{ index .Identity.roles 1 }}{{ len .Identity.roles }}", "y2"),
        ("{{ (index .Identity \"traits\").email }}", "ada@example.com"),
        ("{{ default \"none\" .Missing }}", "none"),
        ("{{ if gt .ExpiresInMinutes 59 }}long{{ end }}", "long"),
    ] {
        assert_eq!(filled(template), expected, "{template}");
    }
}

#[test]
fn what_a_person_chose_cannot_become_markup() {
    let name =
        filled("<b title=\"{{ .Identity.traits.name }}\">{{ .Identity.traits.name | html }}</b>");
    assert!(!name.contains("<b>&") && name.matches('"').count() == 2, "{name}");
    assert_eq!(name.matches("&lt;b&gt;&amp;&quot;&#x27;").count(), 2, "{name}");
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (template, part) in [
        ("a\nb {{ .To", "line 2: '{{' without"),
        ("{{ if .To }}", "no 'end'"),
        ("\n\n{{ end }}", "line 3: 'end' belongs"),
        ("{{ else }}", "belongs"),
        ("{{ env \"HOME\" }}", "no function 'env'"),
        ("{{ template \"x\" }}", "not supported"),
        ("{{ .To .To }}", "cannot be called"),
        ("{{ \"x }}", "without '}}'"),
        ("{{ }}", "says nothing"),
        ("{{ ( .To }}", "without ')'"),
        ("{{ .To ) }}", "without '('"),
        ("{{ | upper }}", "missing"),
        ("{{ $x = 1 }}", "no variable"),
        ("{{ printf \"%d\" .To }}", "%d"),
        ("{{ range .To }}{{ end }}", "needs a list"),
        ("{{ @ }}", "not understood"),
    ] {
        let said = filled(template);
        assert!(said.contains(part), "{template}: {said}");
    }
}

#[test]
fn a_template_without_end_is_stopped() {
    let many: String = "{{ range $.Identity.roles }}".repeat(30) + "x" + &"{{ end }}".repeat(30);
    assert!(filled(&many).contains("does not come to an end"));
    let deep = "{{ if .To }}".repeat(500) + &"{{ end }}".repeat(500);
    assert!(filled(&deep).contains("nested too deeply"));
    let parens = format!("{{{{ {}.To{} }}}}", "(".repeat(500), ")".repeat(500));
    assert!(filled(&parens).contains("nested too deeply"));
    assert!(filled(&"x".repeat(300 * 1024)).contains("longer"));
}

proptest::proptest! {
    #[test]
    fn input_08_no_template_ends_the_process(text in "(\\{\\{|\\}\\}|[-. $a-zA-Z\"`()|:=,/*\n0-9é]){0,60}") {
        let _ = filled(&text);
    }
}
