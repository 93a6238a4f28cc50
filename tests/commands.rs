//! Whole commands as data: `tests/cmd/*.md` say what is typed and what comes back, to the letter, in
//! the folders `tests/cmd/*.in`; so does the README.

#[test]
fn commands_say_what_is_written_down() {
    trycmd::TestCases::new().case("tests/cmd/*.md").case("README.md");
}
