//! Options that a shell has rewritten.

/// Returns a message if a word was an option before the shell of Git for Windows, MSYS2 or Cygwin rewrote it as it rewrites
/// paths: `/m` becomes `C:/Program Files/Git/m`, and `/f` may become `F:/`.
pub fn rewritten(word: &str, is_option: impl Fn(&str) -> bool) -> Option<String> {
    let (drive, rest) = word.split_once(":/").filter(|(drive, _)| drive.len() == 1)?;
    let option = match rest.rsplit('/').next() {
        None | Some("") => drive.to_ascii_lowercase(),
        Some(last) => last.to_owned(),
    };
    let slashed = format!("/{option}");
    is_option(&slashed)
        .then(|| format!("{word:?} seems to be {slashed:?}, which the shell has rewritten: write -{option} instead"))
}
