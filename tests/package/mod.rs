//! What is shipped: the charm archive, what is linked into the program, and how both are described.

mod archive;
mod dependencies;
mod scripts;
