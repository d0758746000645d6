//! The files that an installation is run with, in a backup (S000-12): taken with secrets masked, compared, told, and never written back.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use crate::support::Place;

const UNIT: &str = "[Service]\nExecStart=/usr/bin/authly-server\nEnvironment=JWT_SECRET_KEY=s3cr3t-of-the-unit\n";

#[test]
fn files_of_the_deployment_are_kept_masked_and_compared() {
    let place = Place::new();
    let folder = place.folder.path().to_owned();
    fs::write(folder.join("authly.service"), UNIT).unwrap();
    fs::write(folder.join("nginx.conf"), "server { listen 443; }\n").unwrap();
    fs::write(folder.join("authly.toml"), "[pages]\nproduct_name = \"Acme\"\n").unwrap();
    place.json(&["migrate", "schema", "up"]);
    let create = ["backup", "create", "--dir", "backups", "--include", "authly.service", "--include", "nginx.conf"];
    let made = place.json(&[&create[..], &["--config", "authly.toml"]].concat());
    let files: Vec<PathBuf> =
        made["deploy_files"].as_array().unwrap().iter().map(|file| folder.join(file.as_str().unwrap())).collect();
    let names: Vec<&str> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["1_authly.toml", "2_authly.service", "3_nginx.conf"]);
    for file in &files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(file).unwrap().contains("s3cr3t"));
    }
    let description = fs::read_to_string(folder.join(made["description"].as_str().unwrap())).unwrap();
    assert!(description.contains("authly.service") && !description.contains("s3cr3t"), "{description}");

    let file = made["file"].as_str().unwrap();
    assert_eq!(place.json(&["backup", "verify", file])["deploy_files"].as_array().unwrap().len(), 3);
    let restored = place.json(&["backup", "restore", file, "--yes"]);
    assert_eq!(restored["deploy_files"].as_array().unwrap().len(), 3, "{restored}");
    assert_eq!(fs::read_to_string(folder.join("authly.service")).unwrap(), UNIT, "nothing is written back");
    fs::write(&files[2], "server { listen 80; }\n").unwrap();
    assert!(place.run(&["backup", "verify", file]).refused(10).contains("3_nginx.conf"));
    place.run(&["backup", "restore", file, "--yes"]).refused(1);
}

#[test]
fn a_file_whose_secrets_cannot_be_masked_is_refused_before_anything_is_made() {
    let place = Place::new();
    place.json(&["migrate", "schema", "up"]);
    let folder = place.folder.path().to_owned();
    fs::write(folder.join("key.pem"), "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n").unwrap();
    let refused = place.run(&["backup", "create", "--dir", "backups", "--include", "key.pem"]);
    assert!(refused.refused(1).contains("private key"), "{refused:?}");
    assert!(!folder.join("backups").exists());
    // The configuration file is nobody's explicit wish: without it there is still a backup, and somebody is told.
    fs::write(folder.join("authly.toml"), "# -----BEGIN PRIVATE KEY-----\n").unwrap();
    let made = place.run(&["backup", "create", "--dir", "backups", "--config", "authly.toml"]);
    assert!(made.code == 0 && made.err.contains("authly.toml") && made.err.contains("private key"), "{made:?}");
    let left = fs::read_dir(folder.join("backups")).unwrap().count();
    assert_eq!(left, 3, "the copy, its checksum and its description");
}

#[test]
fn the_files_go_with_their_backup() {
    let place = Place::new();
    place.json(&["migrate", "schema", "up"]);
    let backups = place.folder.path().join("backups");
    fs::create_dir_all(backups.join("authly_20200101_000000.db.files")).unwrap();
    fs::write(backups.join("authly_20200101_000000.db"), "x").unwrap();
    fs::write(backups.join("authly_20200101_000000.db.files/1_a"), "x").unwrap();
    place.json(&["backup", "create", "--dir", "backups", "--keep", "30"]);
    assert!(!backups.join("authly_20200101_000000.db.files").exists());
}
