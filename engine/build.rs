//! Builds anew when a migration is added: the compiler does not see them.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
