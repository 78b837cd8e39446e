//! The two lanes against each other: whatever a file holds, they read the same and find the same mistakes.

use super::tree::whole;
use super::*;
use proptest::prelude::*;

type Read = (Written, Vec<Diagnostic>);

/// What the tree makes of a file, and what the fast lane makes of it if it takes it at all.
fn both(text: &str) -> (Read, Option<Read>) {
    let (mut slow, mut slow_mistakes) = (Written::default(), Mistakes::default());
    whole(3, text, &mut slow, &mut slow_mistakes);
    let (mut quick, mut quick_mistakes) = (Written::default(), Mistakes::default());
    let taken = lane::read(3, text, &mut quick, &mut quick_mistakes);
    assert!(
        taken || (quick == Written::default() && quick_mistakes == Mistakes::default()),
        "a refused file leaves nothing behind"
    );
    ((slow, slow_mistakes.in_order()), taken.then(|| (quick, quick_mistakes.in_order())))
}

/// Whether the fast lane took it; both lanes agree if it did.
fn agree(text: &str) -> bool {
    let (slow, quick) = both(text);
    let Some(quick) = quick else { return false };
    assert_eq!(quick.0, slow.0, "read differently:\n{text}");
    assert_eq!(quick.1, slow.1, "other mistakes:\n{text}");
    true
}

#[test]
fn plain_routes_go_by_the_fast_lane_in_every_spelling() {
    for text in [
        "[route]\n20000007 = \"group:main\"\n",
        "\u{feff}[route]\r\n20000007 = \"group:main\"\r\n\"96xxx\"=\"trunk:c\" # 注释\r\n",
        "# x\n[route] # y\n\t 1 \t=\t \"release:486/17\"\t# \"]\n\n'2x' = \"prompt:a\"",
        "[city]\nname = \"\"\"[route]\n1 = \"group:a\"\n\"\"\"\n[route]\n1 = \"group:b\"\n",
        "[city]\nname = \"\"\"a\"\"\"\"\"\nb = '''c'''''\n[route]\n1 = \"group:b\"\n",
        "[route.5]\nto = \"group:a\"\n[hotline.6]\n[route.\"7x\"]\n# so\n to=\"group:b\" # c\n\n[route]\n8 = \"group:c\"\n",
        "[route.5]\nto = [\n\"trunk:a\", # ]\n\"release:486\"]\nring = \"9s\"\n[route.6]\ntitle = \"t\"\nto = \"group:a\"\n",
        "[route.5]\nto = \"nowhere\"\nunknown = 1\n[route.6]\n[route]\n7 = \"grup:a\"\n8 = 8\n9 = { to = \"group:a\" }\n",
        "[hotline.1]\n[route.abc]\nto = \"group:a\"\n[route]\nabc2 = \"group:a\"\n2 = \"group:a\"\n\
         [group.a]\nhours = {calendar=\"c\",\nfrom = 08:00, to = 09:00}\n",
    ] {
        assert!(agree(text), "not taken:\n{text}");
    }
}

#[test]
fn of_many_mistakes_both_lanes_keep_the_same() {
    let line = |n: u32| format!("{} = \"grup:a\"\n", 20_000_000 + n);
    let table = |n: u32| format!("[route.{}]\nto = \"grup:b\"\n", 30_000_000 + n);
    let text: String =
        std::iter::once("[route]\n".to_owned()).chain((0..3_000).map(line)).chain((0..3_000).map(table)).collect();
    assert!(agree(&text));
    let (.., mistakes) = both(&text).0;
    assert_eq!((mistakes.len(), mistakes.last().unwrap().more), (Diagnostic::MOST, 6_000 - Diagnostic::MOST));
}

/// Every value is held against what the parser complained of: a file of nothing but complaints is read in time all the same.
#[test]
fn a_file_full_of_mistakes_of_syntax_is_read_in_time() {
    let text: String = (0..20_000).map(|n| format!("a{n} = \nb{n} = \"x\"\n")).collect();
    let clock = crate::clock::Clock::system();
    let before = clock.now().mono;
    let (mut read, mut mistakes) = (Written::default(), Mistakes::default());
    whole(0, &text, &mut read, &mut mistakes);
    let mistakes = mistakes.in_order();
    assert!(mistakes.iter().map(|m| 1 + m.more).sum::<usize>() >= 20_000);
    assert!(mistakes.len() < 3 * Diagnostic::MOST, "{}", mistakes.len());
    let ms = (clock.now().mono - before) / 1_000;
    assert!(ms < 30_000, "{ms} ms");
}

#[test]
fn what_is_not_clean_is_left_to_the_tree() {
    for text in [
        "[route]\n1 = \"group:a\"\n1 = \"group:b\"\n",
        "[route]\n1 = \"group:a\"\n\"1\" = \"group:b\"\n",
        "[route]\n1 = \"group:a\"\n[route.1]\nto = \"group:b\"\n",
        "[route]\n1 = \"group:a\"\n[route.1.hours]\nto = \"group:b\"\n",
        "[route]\n1 = \"group:a\"\n1.to = \"group:b\"\n",
        "[route.1]\nto = \"group:a\"\n[route.1]\nto = \"group:a\"\n",
        "[route.1]\nto = \"group:a\"\n[\"route\".1]\nto = \"group:a\"\n",
        "[route.1]\nto = \"group:a\"\n[[route]]\n",
        "[route.1]\nto = \"group:a\"\nto = \"group:a\"\n",
        "route = { 2 = \"group:a\" }\n[route.1]\nto = \"group:a\"\n",
        "\"route\".2 = \"group:a\"\n[route.1]\nto = \"group:a\"\n",
        "[route]\n1 = \"group:a\"\n[route]\n2 = \"group:a\"\n",
        "[route]\n1 = \"group:a\"\n2 = “group:a”\n",
        "[route]\n1 = \"group:a\"\n2 = [\n3 = \"group:a\"\n",
        "[route]\n1 = \"group:a\" # \u{1}\n",
        "[route.1]\n# \u{1}\nto = \"group:a\"\n",
        "[route.1]\n\rto = \"group:a\"\n",
        "[route]\n1 = \"group:a\n2 = \"group:a\"\n",
        "[route]\n1 = \"group:a\"\n2 = \"\"\"group:a\"\n",
    ] {
        assert!(!agree(text), "taken:\n{text}");
    }
}

#[test]
fn a_tree_holds_no_more_than_a_few_tables_and_places_stay() {
    let table = |n: u32| format!("[route.{}]\ntitle = \"t {n}\"\nto = \"group:a\"\n", 20_000_000 + n);
    let text: String = (0..5_000).map(table).collect();
    assert!(text.len() > 128 * 1024 && agree(&text));
}

/// Pieces of a line, right or wrong; few of them, so that they meet.
const PIECES: [&str; 37] = [
    "[route]",
    "[route.1]",
    "[route.\"2x\"]",
    "[route.30]",
    "[[expect]]",
    "[city]",
    "[group.a]",
    "[hotline.7]",
    "1",
    "\"2x\"",
    "'30'",
    "to",
    "title",
    "route",
    ".",
    "=",
    " = ",
    "\"group:a\"",
    "\"trunk:b\"",
    "\"nowhere\"",
    "\"8s\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "#",
    " ",
    "\r",
    "\n",
    "\\",
    "“",
    "\u{1}",
];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    proptest::sample::select(words)
}

fn key() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        (1..40u32).prop_map(|n| n.to_string()),
        (1..40u32).prop_map(|n| format!("\"{n}x\"")),
        (1..9u32).prop_map(|n| format!("'{n}'"))
    ]
}

fn value() -> impl Strategy<Value = &'static str> + Clone {
    prop_oneof![
        6 => one_of(&["\"group:main\"", "\"trunk:c\""]),
        2 => one_of(&[
            "\"nowhere\"", "[\"prompt:p\", \"release:486\"]", "{ to = \"group:a\", ring = \"8s\" }", "\"gr\\u006fup:a\"",
            "\"\"\"group:a\"\"\"", "[\n\"group:a\",\n]", "5"
        ]),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let space = || prop_oneof![4 => Just(""), 1 => one_of(&[" ", "\t"])];
    let tail = || prop_oneof![8 => Just(""), 1 => one_of(&[" # 注 [\"", "\r"])];
    let pair = (space(), key(), space(), space(), value(), tail());
    prop_oneof![
        12 => pair.prop_map(|(a, k, b, c, v, t)| format!("{a}{k}{b}={c}{v}{t}")),
        6 => (key(), value(), tail()).prop_map(|(k, v, t)| format!("[route.{k}]{t}\nto = {v}{t}")),
        2 => (key(), value()).prop_map(|(k, v)| format!("[route.{k}]\ntitle = \"a\"\nto = {v}\nring = \"5s\"")),
        2 => one_of(&["[route]", "[group.\"g.1\"]\ntitle = \"g\"\nhours = \"7x24\"", "# [route]", "", "[hotline.7]", "[route.abc]"]).prop_map(str::to_owned),
        1 => proptest::collection::vec(one_of(&PIECES), 0..6).prop_map(|pieces| pieces.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn both_lanes_read_the_same(
        lines in proptest::collection::vec(line(), 0..9),
        begin in any::<bool>(),
        crlf in proptest::bool::weighted(0.2),
    ) {
        let text = format!("{}{}", if begin { "[route]\n" } else { "" }, lines.join("\n"));
        agree(&if crlf { text.replace('\r', "").replace('\n', "\r\n") } else { text });
    }

    #[test]
    fn both_lanes_read_the_same_of_mere_pieces(pieces in proptest::collection::vec(one_of(&PIECES), 0..24)) {
        agree(&pieces.concat());
    }
}
