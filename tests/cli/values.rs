//! Parameters as typed.

use super::Laptop;

fn sentence(args: &[&str]) -> String {
    let mut all = vec!["run"];
    all.extend(args);
    Laptop::new().doorward(&all).err.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn keys_and_values_are_refused_with_the_clients_sentences() {
    assert_eq!(
        sentence(&["get-identity", "user_name=x"]),
        "ERROR key \"user_name\" must start and end with lowercase alphanumeric, and contain only \
         lowercase alphanumeric and hyphens"
    );
    assert_eq!(
        sentence(&["get-identity", "email"]),
        "ERROR argument \"email\" must be of the form key.key.key...=value"
    );
    assert!(sentence(&["create-identity", "traits=[a"]).starts_with("ERROR yaml: "));
    assert!(
        sentence(&["no-such-action"]).starts_with("ERROR action \"no-such-action\" not defined")
    );
}

#[test]
fn a_value_that_is_not_yaml_ends_with_one() {
    let laptop = Laptop::new();
    assert_eq!(laptop.doorward(&["run", "create-identity", "traits=[a"]).code, Some(1));
    assert_eq!(laptop.doorward(&["run", "get-identity", "--params", "missing"]).code, Some(1));
}

#[test]
fn a_username_of_digits_keeps_its_zeros() {
    let laptop = Laptop::new();
    laptop.action(&["create-admin-account", "username=007", "email=bond@example.com"]);
    let results = laptop.action(&["get-identity", "email=bond@example.com"]);
    assert_eq!(results["traits"]["username"], "007", "{results}");
}

#[test]
fn arguments_go_over_the_parameter_file() {
    let laptop = Laptop::new();
    let file = laptop.file("p.yaml", "username: file\nemail: ada@example.com\n");
    laptop.action(&["create-admin-account", "--params", &file, "username=typed"]);
    let results = laptop.action(&["get-identity", "email=ada@example.com"]);
    assert_eq!(results["traits"]["username"], "typed", "{results}");
}

#[test]
fn dotted_keys_make_a_map() {
    let laptop = Laptop::new();
    laptop.action(&["create-identity", "schema-id=social_user_v0", "traits.email=eve@example.com"]);
    let results = laptop.action(&["get-identity", "email=eve@example.com"]);
    assert_eq!(results["traits"]["email"], "eve@example.com", "{results}");
}
