//! No case is forgotten in the lists.

use std::path::Path;

#[test]
fn every_case_is_in_a_list() {
    let sources = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let lists = concat!(include_str!("../src/suite.rs"), include_str!("../src/cutover/mod.rs"));
    let mut cases = 0;
    for folder in [sources.to_path_buf(), sources.join("cutover")] {
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            let text = std::fs::read_to_string(file).unwrap();
            for line in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let case = line.split(['<', '(']).next().unwrap();
                assert!(lists.split_whitespace().any(|word| word == case), "{case} is in no list");
                cases += 1;
            }
        }
    }
    assert!(cases > 150, "{cases}");
}
