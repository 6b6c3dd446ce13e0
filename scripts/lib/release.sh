# Sourced by the scripts that build what is shipped: one static program.
#
# Without a dynamic loader a process starts in half the time, and every hook, every action is a
# process of its own (docs/reference/performance.md). The flag must not reach build scripts and
# procedural macros, which is why the target is named even though it is this machine.

release_target() {
  rustc -vV | sed -n 's/^host: //p'
}

# release_cargo COMMAND ARGUMENT... - runs `cargo COMMAND` for that target.
release_cargo() {
  command=$1
  shift
  RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
    cargo "$command" --locked --target "$(release_target)" "$@"
}
