//! Options: defaults, validation, and the one list of them, `config.yaml`.
