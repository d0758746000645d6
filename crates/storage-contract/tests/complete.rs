//! No case is forgotten in the list.

#[test]
fn every_case_is_in_the_list() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let list = include_str!("../src/suite.rs");
    let mut cases = 0;
    for file in std::fs::read_dir(sources).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
            let case = line.split('<').next().unwrap();
            assert!(list.split_whitespace().any(|word| word == case), "{case} is not in src/suite.rs");
            cases += 1;
        }
    }
    assert!(cases > 100, "{cases}");
}
