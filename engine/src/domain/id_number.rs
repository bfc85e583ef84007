//! Resident identity numbers 公民身份号码 (GB 11643): seventeen digits and a check character.

/// What is wrong with an identity number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdNumberError {
    /// Sixteen digits or more, but not eighteen: most likely cut off or run together.
    #[error("not 18 characters")]
    Length,
    /// Eighteen characters of which the first seventeen are not all digits, or the last is no digit and no `X`.
    #[error("a character that cannot stand in an identity number")]
    Character,
    /// The last character does not follow from the first seventeen.
    #[error("the check character does not fit")]
    CheckDigit,
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

/// The check character that belongs to the first seventeen digits (GB 11643-1999, MOD 11-2).
pub fn check_character(first_seventeen: &[u8; 17]) -> Option<char> {
    let mut sum = 0;
    for (byte, weight) in first_seventeen.iter().zip(WEIGHTS) {
        if !byte.is_ascii_digit() {
            return None;
        }
        sum += u32::from(byte - b'0') * weight;
    }
    Some(char::from(CHECKS[(sum % 11) as usize]))
}

/// Judges an identity number. Other papers (passports, permits: anything with a letter in front, or not
/// 18 characters and not all digits) pass unjudged; a small `x` at the end counts as `X`.
///
/// # Errors
/// The first thing wrong, in the order of [`IdNumberError`].
pub fn check(text: &str) -> Result<(), IdNumberError> {
    // A number with a point, blanks or full-width digits in it was mangled on the way here.
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let strange = |c: char| ('０'..='９').contains(&c) || (digits >= 15 && !c.is_alphanumeric());
    if text.chars().any(strange) {
        return Err(IdNumberError::Character);
    }
    let bytes = text.as_bytes();
    let all_digits = bytes.iter().all(u8::is_ascii_digit);
    if bytes.len() != 18 {
        return match (all_digits, bytes.len()) {
            (true, 16..) => Err(IdNumberError::Length),
            _ => Ok(()),
        };
    }
    let Some((front, [last])) = bytes.split_first_chunk::<17>() else {
        return Err(IdNumberError::Length);
    };
    if !front[0].is_ascii_digit() {
        return Ok(());
    }
    let expected = check_character(front).ok_or(IdNumberError::Character)?;
    if !last.is_ascii_digit() && !last.eq_ignore_ascii_case(&b'X') {
        return Err(IdNumberError::Character);
    }
    if char::from(last.to_ascii_uppercase()) == expected {
        Ok(())
    } else {
        Err(IdNumberError::CheckDigit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_s_own_example_passes() {
        assert_eq!(check("11010519491231002X"), Ok(()));
        assert_eq!(check("11010519491231002x"), Ok(()));
        assert_eq!(check("110105194912310021"), Err(IdNumberError::CheckDigit));
        assert_eq!(check("1101051949123100"), Err(IdNumberError::Length));
        assert_eq!(check("11010519491231002A"), Err(IdNumberError::Character));
        assert_eq!(check("１1010519491231002X"), Err(IdNumberError::Character));
        assert_eq!(check("500222201103310000.0"), Err(IdNumberError::Character));
        assert_eq!(check("5002 2220 1103 310001"), Err(IdNumberError::Character));
        assert_eq!(check("E12345678"), Ok(()));
        assert_eq!(check("110105491231002"), Ok(()), "the old numbers of 15 digits");
    }
}
