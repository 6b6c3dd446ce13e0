//! The vocabulary of `actions.yaml`: one file per action, for `juju run` and `doorward run` alike.
