use super::*;
use proptest::prelude::*;
use toml_parser::parser::Event;

fn source(text: &str) -> Source {
    Source { file: "x.toml".into(), text: text.into() }
}

fn fmt(text: &str) -> String {
    formatted(&source(text)).unwrap_or_else(|m| panic!("{m:#?}\n{text}"))
}

/// The comments in their order, without what trails them.
fn comments(text: &str) -> Vec<String> {
    let tokens = toml_parser::Source::new(text).lex().into_vec();
    let mut events: Vec<Event> = Vec::new();
    parse_document(&tokens, &mut events, &mut ());
    let events = events.iter().filter(|e| e.kind() == EventKind::Comment);
    events.map(|e| layout::raw(text, e).trim_end().to_owned()).collect()
}

#[test]
fn one_layout_comes_out() {
    let odd = "\u{feff}\r\n\r\n# the city\r\n[ city ]\r\n\r\n  name=\"福州\"   # name\t\r\narea   =   '0591'# area\r\n\r\n\r\nissued = 2021-11-08\r\n\
        # of the hub\r\n[hotline . \"12345\"]\ttitle_is_missing = 1\r\n";
    // Two statements on one line are a mistake of syntax: the file is refused, not repaired.
    assert!(formatted(&source(odd)).is_err());
    insta::assert_snapshot!(fmt(&odd.replace("\ttitle_is_missing", "\r\ntitle_is_missing")), @r#"
    # the city
    [city]
    name = "福州"  # name
    area = '0591'  # area

    issued = 2021-11-08

    # of the hub
    [hotline."12345"]
    title_is_missing = 1
    "#);
}

#[test]
fn arrays_are_short_or_one_group_a_line() {
    let text = "a = [\n  1,\n  2 ]\nb = [ 2021-01-01, 2021-01-02, # new year\n\n\n # spring\n 2021-02-11 , 2021-02-12 # more\n , 2021-02-13 ]\n\
        c = [ { a=1,b=[ 1,2, ] } ,\"x\" ] # c\nd = [\"a long text that fills the line by itself, more or less\", \"and another one that does the same\", \"end\"]\n\
        e = {a.b=1, c = [ # why\n 1 ] }\nf = [ ]\ng = { }\n";
    let out = fmt(text);
    insta::assert_snapshot!(out, @r#"
    a = [1, 2]
    b = [
        2021-01-01, 2021-01-02,  # new year

        # spring
        2021-02-11, 2021-02-12,  # more
        2021-02-13,
    ]
    c = [{ a = 1, b = [1, 2] }, "x"]  # c
    d = [
        "a long text that fills the line by itself, more or less", "and another one that does the same",
        "end",
    ]
    e = { a.b = 1, c = [
        # why
        1,
    ] }
    f = []
    g = {}
    "#);
    assert_eq!(fmt(&out), out);
}

#[test]
fn nothing_comes_of_nothing() {
    assert_eq!([fmt(""), fmt("\n \n\t\n"), fmt("\u{feff}# x  \r\n\n")], ["", "", "# x\n"]);
}

/// Blanks and line ends as a clumsy editor leaves them.
fn blank() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just(" "), Just("\t"), Just("   ")]
}

fn end() -> impl Strategy<Value = String> {
    let comment = prop_oneof![3 => Just(String::new()), 1 => " {0,3}#[ a-z号=\\[\"#]{0,12}"];
    (comment, prop_oneof![4 => Just("\n"), 1 => Just("\r\n"), 1 => Just("  \n\n\n"), 1 => Just("\n  # own line \t\n")])
        .prop_map(|(comment, end)| format!("{comment}{end}"))
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "\"[ a-z号#=,\\[\\]]{0,40}\"",
        "'[a-z \"#]{0,9}'",
        Just("2021-11-30".to_owned()),
        Just("2021-11-30T23:59".to_owned()),
        Just("08:30".to_owned()),
        Just("true".to_owned()),
        Just("0x1F".to_owned()),
        Just("1_000.5e3".to_owned()),
        Just("\"\"\"\n two\r\n  lines # no comment \n\"\"\"".to_owned()),
        Just("'''a\n\n # b '''".to_owned()),
    ]
}

/// What may stand between the items of an array.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![6 => blank().prop_map(str::to_owned), 1 => Just("\n".to_owned()), 1 => Just("\r\n\r\n  ".to_owned()), 1 => "#[a-z号,\\]]{0,9}\n"]
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 40, 9, |inner| {
        let item = (gap(), inner.clone(), gap()).prop_map(|(a, v, b)| format!("{a}{v}{b}"));
        let array = (proptest::collection::vec(item, 0..9), any::<bool>(), gap()).prop_map(|(items, comma, gap)| {
            let comma = if comma && !items.is_empty() { "," } else { "" };
            format!("[{}{comma}{gap}]", items.join(","))
        });
        // Line ends, comments and a last comma inside an inline table are TOML 1.1.
        let pair =
            (gap(), blank(), inner, gap()).prop_map(|(before, b, v, after)| (before, format!("{b}={b}{v}{after}")));
        let table = (proptest::collection::vec(pair, 0..5), any::<bool>()).prop_map(|(pairs, comma)| {
            let comma = if comma && !pairs.is_empty() { "," } else { "" };
            let pairs: Vec<_> = pairs.iter().enumerate().map(|(i, (b, p))| format!("{b}k{i} . \"a b\"{p}")).collect();
            format!("{{{}{comma}}}", pairs.join(","))
        });
        prop_oneof![array, table]
    })
}

fn document() -> impl Strategy<Value = String> {
    let pair =
        (blank(), blank(), value(), end()).prop_map(|(a, b, v, end)| (format!("{a}="), format!("{b}{v}{end}"), a));
    let table = (blank(), any::<bool>(), end(), proptest::collection::vec(pair, 0..7));
    (end(), proptest::collection::vec(table, 0..7)).prop_map(|(first, tables)| {
        let mut text = first.trim_start_matches([' ', '\t']).to_owned();
        for (i, (blank, many, end, pairs)) in tables.into_iter().enumerate() {
            let (open, close) = if many { ("[[", "]]") } else { ("[", "]") };
            text += &format!("{blank}{open}{blank}t{i}{blank}.{blank}\"号 {i}\"{blank}{close}{end}");
            for (j, (equals, value, blank)) in pairs.into_iter().enumerate() {
                text += &format!("{blank}k{j}{equals}{value}");
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_is_lost_and_twice_is_once(text in document()) {
        let Ok(before) = toml::from_str::<toml::Value>(&text) else {
            return Err(TestCaseError::fail(format!("the generator wrote no TOML: {text}")));
        };
        let once = fmt(&text);
        prop_assert_eq!(toml::from_str::<toml::Value>(&once).ok(), Some(before), "{}\n----\n{}", text, once);
        prop_assert_eq!(comments(&once), comments(&text), "{}\n----\n{}", text, once);
        prop_assert_eq!(&fmt(&once), &once, "{}\n----\n{}", text, once);
        let blank_at_end = once.lines().zip(once.lines().skip(1)).any(|(a, b)| a.is_empty() && b.is_empty());
        prop_assert!(!blank_at_end || text.contains("\"\"\"") || text.contains("'''"));
        prop_assert!(once.is_empty() || (once.ends_with('\n') && !once.ends_with("\n\n")));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[ -~号“\\n\\r\\t]{0,200}") {
        let _ = formatted(&source(&text));
    }
}
