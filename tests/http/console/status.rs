//! Locking, blocking and their way back, by forms.

use super::Office;

#[test]
fn a_lock_by_form_says_why_and_the_receipt_comes_out_of_the_ledger() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}");
    assert!(office.page(&at).must(200).text.contains(&format!("{at}/lock")));
    let note = "<script>alert(1)</script> seen twice";
    let page = office.done(&format!("{at}/lock"), &[("reason", "policy"), ("note", note)]);
    let seq = office.ledger().len() - 1;
    let entry = &office.ledger()[seq];
    assert_eq!(entry["type"], "user.locked");
    assert_eq!(entry["actor"]["kind"], "user");
    assert_eq!(entry["actor"]["id"], office.root.to_string());
    assert_eq!(entry["principal"], ada.to_string());
    assert_eq!(entry["data"]["reason"], "policy");
    assert!(page.text.contains("Sign-in locked"), "{}", page.text);
    assert!(
        page.text.contains(&format!("<dd>{seq}</dd>"))
            || page.text.contains(&format!(">{seq}</a>"))
    );
    assert!(page.text.contains("root@example.com") && page.text.contains("ada@example.com"));
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
    assert!(page.text.contains("&lt;script&gt;alert(1)"), "the note is shown as it was typed");
    assert!(page.text.contains("mark locked"));
    // Again changes nothing, and says so.
    let page = office.done(&format!("{at}/lock"), &[]);
    assert!(page.text.contains("Nothing had to be changed."));
    assert_eq!(office.ledger().len(), seq + 1);
    // The receipt is the administrator's own, and not one of any number.
    for other in ["0", "1", "99999", "x"] {
        let page = office.page(&format!("{at}?receipt={other}")).must(200);
        assert!(!page.text.contains("class=\"receipt\""), "{other}");
    }
    let page = office.done(&format!("{at}/unlock"), &[]);
    assert!(page.text.contains("mark active"));
}

#[test]
fn a_block_says_first_how_much_it_ends_and_then_how_much_it_ended() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let sessions: Vec<String> =
        (0..3).map(|_| super::signed_in(&office.d, ada, &[super::PASSWORD])).collect();
    let at = format!("/console/people/{ada}");
    let form = office.page(&format!("{at}/block")).must(200).text;
    assert!(form.contains("<strong>3</strong> live sessions end"), "{form}");
    let page = office.done(&format!("{at}/block"), &[("reason", "compromise")]);
    assert!(page.text.contains("Sessions ended</dt><dd><bdi>3</bdi>"), "{}", page.text);
    for cookie in &sessions {
        assert_eq!(office.get(cookie, "/sessions/whoami").code, 401);
    }
    let page = office.done(&format!("{at}/unblock"), &[]);
    assert!(page.text.contains("mark active"));
    assert_eq!(office.get(&sessions[0], "/sessions/whoami").code, 401, "nothing comes back");
}

#[test]
fn what_cannot_be_is_refused_on_a_page_and_changes_nothing() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let before = office.ledger().len();
    let at = format!("/console/people/{ada}");
    let answer = office.send(&format!("{at}/lock"), &[("until", "2001-01-01T00:00")]).must(400);
    assert!(answer.text.contains("This time has passed already."), "{}", answer.text);
    let answer = office.send(&format!("{at}/lock"), &[("until", "soon")]).must(400);
    assert!(answer.text.contains("value=\"soon\""), "what was typed is still there");
    office.send(&format!("{at}/lock"), &[("note", &"n".repeat(513))]).must(400);
    let answer = office.send(&format!("/console/people/{}/lock", office.root), &[]).must(409);
    assert!(answer.text.contains("Nobody does this to themselves"), "{}", answer.text);
    for missing in ["00000000-0000-4000-8000-000000000000", "x", "%00"] {
        office.page(&format!("/console/people/{missing}")).must(404);
    }
    assert_eq!(office.ledger().len(), before);
}
