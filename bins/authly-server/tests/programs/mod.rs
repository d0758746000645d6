//! The programs that a test starts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use authly_bench::installation::Programs;

/// The server under test, and the command line that registers clients and people for it.
pub(crate) fn programs() -> Programs {
    static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| {
        let server = PathBuf::from(env!("CARGO_BIN_EXE_authly-server"));
        let folder = server.parent().unwrap();
        let made_at = |file: &Path| file.metadata().and_then(|data| data.modified()).ok();
        let admin = folder.join(format!("authly-admin{}", std::env::consts::EXE_SUFFIX));
        // Cargo builds the programs of other packages only where it tests these too.
        if made_at(&admin) < made_at(&server) {
            build_admin(folder);
        }
        Programs::within(folder).unwrap()
    });
    PROGRAMS.clone()
}

fn build_admin(folder: &Path) {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "authly-admin", "--package", "authly-jose"]);
    if folder.file_name() == Some("release".as_ref()) {
        build.arg("--release");
    }
    if cfg!(feature = "vendored-openssl") {
        build.args(["--features", "vendored-openssl"]);
    }
    let status = build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).status().unwrap();
    assert!(status.success(), "authly-admin is not built: {status}");
}
