//! Text that holds secrets while it is being written.

use std::fmt;

use zeroize::Zeroizing;

/// What is written at first without moving to a larger place.
const FIRST: usize = 256;

/// A text under construction with secrets in it, such as the JSON of an answer. Where it outgrows its memory, what it
/// leaves behind is zeroed, as is all of it when it is dropped.
#[derive(Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub fn push(&mut self, character: char) {
        self.make_room(character.len_utf8());
        self.0.push(character);
    }

    pub fn push_str(&mut self, text: &str) {
        self.make_room(text.len());
        self.0.push_str(text);
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What was written; whoever takes it sees to it that it is zeroed.
    pub fn into_string(mut self) -> String {
        std::mem::take(&mut *self.0)
    }

    /// What was written, zeroed when it is dropped.
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.into_string().into_bytes())
    }

    /// `String` would grow by itself, and give the memory it comes from back as it is.
    fn make_room(&mut self, more: usize) {
        let wanted = self.0.len() + more;
        if wanted > self.0.capacity() {
            let room = wanted.max(self.0.capacity() * 2).max(FIRST);
            let mut larger = Zeroizing::new(String::with_capacity(room));
            larger.push_str(&self.0);
            self.0 = larger;
        }
    }
}

impl fmt::Write for SecretText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn what_is_written_piece_by_piece_is_whole_and_never_moves_by_itself() {
        let (mut text, mut expected) = (SecretText::default(), String::new());
        for n in 0..2000 {
            let before = (text.0.capacity(), text.0.as_ptr());
            text.push('é');
            write!(text, "{n} secrets").unwrap();
            write!(expected, "é{n} secrets").unwrap();
            let after = (text.0.capacity(), text.0.as_ptr());
            // Another place only with another capacity: that was our own move, which zeroes what it leaves.
            assert_eq!(before.0 == after.0, before == after);
        }
        assert_eq!(format!("{text:?}"), "SecretText(…)");
        assert_eq!(text.as_str(), expected);
        assert_eq!(*text.into_bytes(), expected.into_bytes());
    }
}
