//! Yes or no, whole numbers, words, plain texts and lists.

use crate::problem::Fault;

/// Yes or no, in the spellings that environment files use.
pub(crate) fn flag(text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(Fault::new("is neither true nor false", "write true or false")),
    }
}

/// A whole number between two bounds.
pub(crate) fn whole(text: &str, min: u64, max: u64) -> Result<u64, Fault> {
    let hint = format!("write a whole number from {min} to {max}");
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u64>().ok().filter(|_| digits);
    let number = number.ok_or_else(|| Fault::new("is not a whole number", hint.clone()))?;
    if (min..=max).contains(&number) { Ok(number) } else { Err(Fault::new("is out of range", hint)) }
}

/// One of a few words, in any case; the answer is the word as the table spells it.
pub(crate) fn choice(text: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| Fault::new("is not a known word", format!("write one of {}", words.join(", "))))
}

/// A text without control characters and not too long.
pub(crate) fn text(text: &str, max: usize) -> Result<String, Fault> {
    if text.chars().any(char::is_control) {
        return Err(Fault::new("holds a control character", "write it on one line, without tabs"));
    }
    if text.chars().count() > max {
        return Err(Fault::new("is too long", format!("at most {max} characters")));
    }
    Ok(text.to_owned())
}

/// The items of a comma list: trimmed, empty ones dropped.
pub(crate) fn items(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_in_their_usual_spellings() {
        for yes in ["true", "TRUE", "True", "yes", "on", "1"] {
            assert_eq!(flag(yes), Ok(true), "{yes}");
        }
        for no in ["false", "FALSE", "no", "off", "0"] {
            assert_eq!(flag(no), Ok(false), "{no}");
        }
        assert!(flag("maybe").is_err());
    }

    #[test]
    fn a_whole_number_keeps_to_its_bounds() {
        assert_eq!(whole("1", 1, 10), Ok(1));
        assert_eq!(whole("10", 1, 10), Ok(10));
        for bad in ["0", "11", "-1", "+5", "1.5", "", "1e3", " 1", "99999999999999999999999"] {
            assert!(whole(bad, 1, 10).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_is_trimmed_and_loses_empty_items() {
        assert_eq!(items(" a , ,b,"), ["a", "b"]);
        assert!(items(" , ").is_empty());
    }

    #[test]
    fn a_word_is_found_in_any_case() {
        assert_eq!(choice("ARGON2ID", &["argon2id", "bcrypt"]), Ok("argon2id"));
        assert!(choice("md5", &["argon2id", "bcrypt"]).is_err());
    }

    #[test]
    fn a_text_is_bounded_and_on_one_line() {
        assert!(text("Größe", 5).is_ok());
        assert!(text("123456", 5).is_err());
        assert!(text("a\nb", 5).is_err());
    }
}
