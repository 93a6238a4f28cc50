//! The dialect of JUnit that CI servers validate.

/// What an element of JUnit may have: attributes that it must have, others, elements within.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// The rules of junit-10.xsd, the schema that the xUnit plugin of Jenkins validates with, as far as they concern us.
const JUNIT_10: [Rule; 7] = [
    ("testsuites", &[], &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "group"],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name"],
        &["time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &[], &["type", "message"], &[]),
    ("skipped", &[], &["type", "message"], &[]),
    ("system-out", &[], &[], &[]),
    ("system-err", &[], &[], &[]),
];

/// Panics where a file does not keep to these rules.
pub fn keeps_to_junit_10(xml: &str) {
    use quick_xml::events::{BytesStart, Event};
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut open: Vec<&Rule> = Vec::new();
    let begin = |element: &BytesStart<'_>, parent: Option<&&Rule>| -> &'static Rule {
        let name = String::from_utf8_lossy(element.name().as_ref()).into_owned();
        let rule = JUNIT_10.iter().find(|rule| rule.0 == name).unwrap_or_else(|| panic!("<{name}>"));
        match parent {
            None => assert_eq!(name, "testsuites"),
            Some(parent) => assert!(parent.3.contains(&rule.0), "<{name}> in <{}>", parent.0),
        }
        let attributes: Vec<String> = element
            .attributes()
            .map(|attribute| {
                String::from_utf8_lossy(attribute.expect("an attribute").key.as_ref()).into_owned()
            })
            .collect();
        for attribute in &attributes {
            let is_known = rule.1.iter().chain(rule.2).any(|known| known == attribute);
            assert!(is_known, "<{name}> has no attribute {attribute}");
        }
        assert!(
            rule.1.iter().all(|wanted| attributes.iter().any(|has| has == wanted)),
            "<{name}> {attributes:?}"
        );
        rule
    };
    loop {
        match reader.read_event().expect("XML") {
            Event::Start(element) => {
                let rule = begin(&element, open.last());
                open.push(rule);
            }
            Event::Empty(element) => {
                begin(&element, open.last());
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => {
                let has_text = open.last().is_some_and(|rule| rule.3.is_empty());
                assert!(has_text || text.trim_ascii().is_empty(), "text in {:?}", open.last());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
}
