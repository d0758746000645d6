//! For build scripts: what migrations there are, so that a start which has nothing to apply need not have refinery parse their
//! names. That is done by regular expressions, which take a megabyte for as long as a process lives.

use std::{env, error::Error, fs, path::Path};

/// Writes `migrations.rs` for `include!`: version, name and text of each migration in `folder`, in the order in which they apply.
pub(crate) fn write(folder: &str) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={folder}");
    println!("cargo:rerun-if-changed=../../migrations/list.rs");
    let mut all = Vec::new();
    for file in fs::read_dir(folder)? {
        let name = file?.file_name().into_string().map_err(|name| format!("{}: is no name", name.display()))?;
        let name = name.strip_suffix(".sql").ok_or_else(|| format!("{folder}/{name}: is no migration"))?;
        let version = name.strip_prefix('V').and_then(|rest| rest.split_once("__"));
        let (version, _) =
            version.ok_or_else(|| format!("{folder}/{name}.sql: is not called V<number>__<name>.sql"))?;
        let text = fs::canonicalize(Path::new(folder).join(format!("{name}.sql")))?;
        all.push((version.parse::<i32>()?, format!("({version}, {name:?}, include_str!({text:?}))")));
    }
    all.sort();
    let all: Vec<String> = all.into_iter().map(|(_, entry)| entry).collect();
    let target = env::var_os("OUT_DIR").ok_or("cargo names no folder")?;
    Ok(fs::write(Path::new(&target).join("migrations.rs"), format!("&[{}]", all.join(",")))?)
}
