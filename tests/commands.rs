//! Whole commands as data: `tests/cmd/*.md` say what is typed and what comes back, to the letter, in
//! the folders `tests/cmd/*.in`; so does the README.

#[test]
fn commands_say_what_is_written_down() {
    let cases = trycmd::TestCases::new();
    cases.case("tests/cmd/*.md").case("README.md");
    cases.run();
    // The README's commands run where the README is.
    for file in ["report.csv", "report.csv.manifest.json"] {
        std::fs::remove_file(file).expect("the README writes it");
    }
}
