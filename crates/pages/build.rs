//! Gives every file in `assets/` a path that holds a hash of its content, so that browsers may keep it for ever.
//!
//! Writes `assets.rs` (the table of files, included by `src/asset.rs`) into the build folder. The stylesheet and scripts lose their
//! comments and indentation on the way.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=locales");

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut files: Vec<PathBuf> =
        fs::read_dir("assets")?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();

    let mut table = String::from("&[\n");
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).ok_or("an asset has no readable name")?;
        let bytes = content(&file)?;
        let hash = hex(&Sha256::digest(&bytes), 8);
        let copy = out.join(name);
        fs::write(&copy, &bytes)?;
        writeln!(
            table,
            "Asset {{ name: {name:?}, path: \"/assets/{hash}/{name}\", content_type: {:?}, etag: \"\\\"{hash}\\\"\", \
             bytes: include_bytes!({copy:?}) }},",
            content_type(&file)?,
        )?;
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

fn content(file: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let bytes = fs::read(file)?;
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("css" | "js" | "svg") => Ok(compact(&String::from_utf8(bytes)?).into_bytes()),
        _ => Ok(bytes),
    }
}

/// Drops block comments, indentation and empty lines; nothing that could change a meaning.
fn compact(text: &str) -> String {
    let mut rest = text;
    let mut bare = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let mut out = String::new();
    for line in bare.lines().map(str::trim).filter(|line| !line.is_empty()) {
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn content_type(file: &Path) -> Result<&'static str, Box<dyn Error>> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("css") => Ok("text/css; charset=utf-8"),
        Some("ico") => Ok("image/x-icon"),
        Some("js") => Ok("text/javascript; charset=utf-8"),
        Some("png") => Ok("image/png"),
        Some("svg") => Ok("image/svg+xml"),
        _ => Err(format!("no content type is known for {}", file.display()).into()),
    }
}

fn hex(bytes: &[u8], length: usize) -> String {
    bytes.iter().take(length).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
