//! Builds anew when the web app changes: the binary carries it.

fn main() {
    println!("cargo:rerun-if-changed=frontend/dist");
    println!("cargo:rerun-if-changed=models/manifest.toml");
}
