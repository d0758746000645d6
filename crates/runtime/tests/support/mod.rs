//! Settings for tests: a data folder of their own, no files, no environment.

use std::path::Path;

use authly_config::Settings;

/// The settings that these variables make, with the data in `folder`.
pub(crate) fn settings(folder: &Path, variables: &[(&str, &str)]) -> Settings {
    let data = folder.display().to_string();
    let variables = variables.iter().copied().chain([("AUTHLY_DATA_DIR", data.as_str())]);
    let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    authly_config::load(variables, no_files).into_result().unwrap().0
}
