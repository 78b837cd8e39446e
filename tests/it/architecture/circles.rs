//! Which file of a folder needs which, and the circles among them.
//!
//! A file needs another when it names what the other defines, by whatever way: a path, an import, a glob, a re-export (which is
//! followed to the file that defines the name), or a method that another file adds to its own type. A file that only declares and
//! re-exports its children needs none of them. What is compiled for tests alone does not count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use syn::visit::{self, Visit};

/// The modules of a tree of files.
pub struct Tree {
    modules: Vec<Module>,
    by_path: BTreeMap<Vec<String>, usize>,
    /// Folders in which a file with `impl X` may name the `X` that stands in another file.
    parted: &'static [&'static str],
}

/// One module: a file, or a `mod name { … }` in one.
#[derive(Default)]
struct Module {
    path: Vec<String>,
    file: String,
    items: BTreeSet<String>,
    uses: Vec<Use>,
    globs: Vec<Vec<String>>,
    mentions: BTreeSet<Vec<String>>,
    /// `self.name()` and `Self::name` inside an `impl`: the type's path and the method.
    calls: BTreeSet<(Vec<String>, String)>,
    /// Functions in `impl` blocks: the type's path (none for a trait's `impl`) and their names.
    methods: Vec<(Option<Vec<String>>, Vec<String>)>,
}

/// `use path as name`.
struct Use {
    name: String,
    path: Vec<String>,
    /// With `pub`, `pub(super)` …: hands the name on.
    public: bool,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq)]
enum Thing {
    Module(usize),
    Item { file: String, name: String, rest: Vec<String> },
}

/// What comes before a name that is defined.
const DEFINES: [&str; 6] = ["struct", "enum", "trait", "type", "const", "static"];

/// Which file needs which, with the name that says so.
type Edges = BTreeMap<(String, String), String>;

impl Tree {
    /// Files by their names below `src/`, with their text.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>, parted: &'static [&'static str]) -> Self {
        let files: Vec<(&str, syn::File)> = files
            .into_iter()
            .map(|(name, text)| (name, syn::parse_file(text).unwrap_or_else(|e| panic!("{name}: {e}"))))
            .collect();
        let mut modules = Vec::new();
        let mut tests = Vec::new();
        for (name, file) in &files {
            Reader::read(name, path_of(name), &file.items, &mut modules, &mut tests);
        }
        if !modules.iter().any(|m: &Module| m.path.is_empty()) {
            modules.push(Module::default());
        }
        modules.retain(|m| !tests.iter().any(|t| m.path.starts_with(t)));
        let by_path = modules.iter().enumerate().map(|(at, m)| (m.path.clone(), at)).collect();
        Self { modules, by_path, parted }
    }

    /// Every circle of files inside one top-level folder, each once: `a.rs (Name) → b.rs (other) → a.rs`.
    pub fn circles(&self) -> BTreeMap<String, Vec<String>> {
        let edges = self.edges();
        let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
        for (from, to) in edges.keys() {
            if let Some(mut circle) = shortest(&edges, to, from) {
                let first = circle.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(at, _)| at);
                circle.rotate_left(first);
                found.insert(circle);
            }
        }
        let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for circle in found {
            let step = |at: usize| {
                let next = &circle[(at + 1) % circle.len()];
                format!("{} ({}) → ", circle[at], edges[&(circle[at].clone(), next.clone())])
            };
            let said = (0..circle.len()).map(step).collect::<String>() + &circle[0];
            by_folder.entry(folder(&circle[0]).to_owned()).or_default().push(said);
        }
        by_folder
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        let added = self.added();
        for (at, module) in self.modules.iter().enumerate() {
            let parted = self.parted.contains(&folder(&module.file));
            let own: Vec<Thing> =
                module.methods.iter().filter_map(|(of, _)| self.resolve(at, of.as_ref()?)).filter(|_| parted).collect();
            let mut need = |to: &str, name: &str| {
                if to != module.file && folder(to) == folder(&module.file) {
                    edges.entry((module.file.clone(), to.to_owned())).or_insert_with(|| name.to_owned());
                }
            };
            let private = module.uses.iter().filter(|u| !u.public).map(|u| &u.path);
            for path in module.mentions.iter().chain(private) {
                let Some(Thing::Item { file, name, rest }) = self.resolve(at, path) else { continue };
                let of_type = Thing::Item { file: file.clone(), name: name.clone(), rest: Vec::new() };
                if !own.contains(&of_type) {
                    need(&file, &name);
                }
                if let Some(method) = rest.first()
                    && !parted
                    && let Some(places) = added.get(method)
                    && let Some((to, ..)) = places.iter().find(|(_, thing)| *thing == of_type)
                {
                    need(to, method);
                }
            }
            for (of, method) in module.calls.iter().filter(|_| !parted) {
                let places = added.get(method).map(Vec::as_slice).unwrap_or_default();
                let Some(of) = self.resolve(at, of).filter(|_| !places.is_empty()) else { continue };
                places.iter().filter(|(_, thing)| *thing == of).for_each(|(to, _)| need(to, method));
            }
        }
        edges
    }

    /// Methods that a file adds to a type of another file: where they stand, and of what.
    fn added(&self) -> BTreeMap<String, Vec<(String, Thing)>> {
        let mut added: BTreeMap<String, Vec<(String, Thing)>> = BTreeMap::new();
        for (at, module) in self.modules.iter().enumerate() {
            for (of, names) in &module.methods {
                let Some(of) = of.as_ref().and_then(|of| self.resolve(at, of)) else { continue };
                if matches!(&of, Thing::Item { file, .. } if *file != module.file) {
                    for name in names {
                        added.entry(name.clone()).or_default().push((module.file.clone(), of.clone()));
                    }
                }
            }
        }
        added
    }

    /// What the path means in the module.
    fn resolve(&self, at: usize, path: &[String]) -> Option<Thing> {
        self.follow(at, path, &mut BTreeSet::new())
    }

    fn follow(&self, at: usize, path: &[String], seen: &mut BTreeSet<(usize, String)>) -> Option<Thing> {
        let mut here = self.modules[at].path.clone();
        let mut rest = path;
        let mut local = true;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" => here.clear(),
                "self" => {}
                "super" => drop(here.pop()?),
                _ => break,
            }
            local = false;
            rest = &rest[1..];
        }
        let mut thing = Thing::Module(if local { at } else { *self.by_path.get(&here)? });
        for (passed, name) in rest.iter().enumerate() {
            let Thing::Module(module) = thing else { break };
            thing = self.look_up(module, name, seen)?;
            if let Thing::Item { rest: after, .. } = &mut thing {
                after.extend_from_slice(&rest[passed + 1..]);
            }
        }
        Some(thing)
    }

    fn look_up(&self, at: usize, name: &str, seen: &mut BTreeSet<(usize, String)>) -> Option<Thing> {
        if !seen.insert((at, name.to_owned())) {
            return None;
        }
        let module = &self.modules[at];
        let found = self.look_up_in(module, at, name, seen);
        seen.remove(&(at, name.to_owned()));
        found
    }

    fn look_up_in(
        &self,
        module: &Module,
        at: usize,
        name: &str,
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<Thing> {
        // A module and a function may share a name; the module is what paths go through.
        let mut child = module.path.clone();
        child.push(name.to_owned());
        if let Some(&child) = self.by_path.get(&child) {
            return Some(Thing::Module(child));
        }
        if module.items.contains(name) {
            return Some(Thing::Item { file: module.file.clone(), name: name.to_owned(), rest: Vec::new() });
        }
        if let Some(found) = module.uses.iter().filter(|u| u.name == name).find_map(|u| self.follow(at, &u.path, seen))
        {
            return Some(found);
        }
        module.globs.iter().find_map(|glob| match self.follow(at, glob, seen)? {
            Thing::Module(from) => self.look_up(from, name, seen),
            // `use Enum::*`: its variants.
            Thing::Item { .. } => None,
        })
    }
}

/// The top-level folder of a file.
pub fn folder(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

fn path_of(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let stem = if stem == "lib" { "" } else { stem };
    stem.split('/').filter(|s| !s.is_empty() && *s != "mod").map(str::to_owned).collect()
}

/// The shortest way from one file to another.
fn shortest(edges: &Edges, from: &str, to: &str) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, Option<&str>> = BTreeMap::from([(from, None)]);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        if at == to {
            let mut way: Vec<String> = std::iter::successors(Some(at), |at| before[at]).map(str::to_owned).collect();
            way.reverse();
            return Some(way);
        }
        for (_, next) in edges.keys().filter(|(start, _)| start == at) {
            if !before.contains_key(next.as_str()) {
                before.insert(next, Some(at));
                queue.push_back(next);
            }
        }
    }
    None
}

/// Reads one module.
struct Reader<'a> {
    module: Module,
    /// The type of the `impl` that is being read.
    of: Vec<String>,
    inner: &'a mut Vec<Module>,
    tests: &'a mut Vec<Vec<String>>,
}

impl Reader<'_> {
    fn read(
        file: &str,
        path: Vec<String>,
        items: &[syn::Item],
        modules: &mut Vec<Module>,
        tests: &mut Vec<Vec<String>>,
    ) {
        let module = Module { path, file: file.to_owned(), ..Module::default() };
        let mut reader = Reader { module, of: Vec::new(), inner: modules, tests };
        items.iter().for_each(|item| reader.visit_item(item));
        let module = reader.module;
        modules.push(module);
    }

    fn tree(&mut self, tree: &syn::UseTree, path: &mut Vec<String>, public: bool) {
        match tree {
            syn::UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.tree(&step.tree, path, public);
                path.pop();
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                let name = path.last().cloned().unwrap_or_default();
                self.module.uses.push(Use { name, path: path.clone(), public });
            }
            syn::UseTree::Name(name) => self.bind(name.ident.to_string(), name.ident.to_string(), path, public),
            syn::UseTree::Rename(name) => self.bind(name.rename.to_string(), name.ident.to_string(), path, public),
            syn::UseTree::Glob(_) => self.module.globs.push(path.clone()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, path, public)),
        }
    }

    fn bind(&mut self, name: String, last: String, path: &[String], public: bool) {
        let path = path.iter().cloned().chain([last]).collect();
        self.module.uses.push(Use { name, path, public });
    }

    fn functions(&mut self, of: Option<Vec<String>>, items: &[syn::ImplItem]) {
        let name = |item: &syn::ImplItem| match item {
            syn::ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
            syn::ImplItem::Const(constant) => Some(constant.ident.to_string()),
            _ => None,
        };
        self.module.methods.push((of, items.iter().filter_map(name).collect()));
    }
}

fn words(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|s| s.ident.to_string()).collect()
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Macro(i) => &i.attrs,
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Trait(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

fn named(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(i) => &i.ident,
        syn::Item::Enum(i) => &i.ident,
        syn::Item::Fn(i) => &i.sig.ident,
        syn::Item::Macro(i) => i.ident.as_ref()?,
        syn::Item::Static(i) => &i.ident,
        syn::Item::Struct(i) => &i.ident,
        syn::Item::Trait(i) => &i.ident,
        syn::Item::Type(i) => &i.ident,
        syn::Item::Union(i) => &i.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn for_tests(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| a.path().is_ident("test") || is_cfg_test(a))
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test"))
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if let syn::Item::Mod(inner) = item {
            let mut path = self.module.path.clone();
            path.push(inner.ident.to_string());
            if for_tests(&inner.attrs) {
                self.tests.push(path);
            } else if let Some((_, items)) = &inner.content {
                Reader::read(&self.module.file, path, items, self.inner, self.tests);
            }
            return;
        }
        if for_tests(attributes(item)) {
            return;
        }
        self.module.items.extend(named(item));
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &mut Vec::new(), !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = match &*item.self_ty {
            syn::Type::Path(path) => words(&path.path),
            _ => Vec::new(),
        };
        self.functions(Some(of.clone()).filter(|of| item.trait_.is_none() && !of.is_empty()), &item.items);
        let outer = std::mem::replace(&mut self.of, of);
        visit::visit_item_impl(self, item);
        self.of = outer;
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attrs: &[syn::Attribute] = match item {
            syn::ImplItem::Fn(f) => &f.attrs,
            syn::ImplItem::Const(c) => &c.attrs,
            _ => &[],
        };
        if !for_tests(attrs) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        match words(path).as_slice() {
            [first, method, ..] if first == "Self" => {
                self.module.calls.insert((self.of.clone(), method.clone()));
            }
            path => {
                self.module.mentions.insert(path.to_vec());
            }
        }
        visit::visit_path(self, path);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        // A constant in a pattern looks like a new name.
        let name = pattern.ident.to_string();
        if name.starts_with(char::is_uppercase) {
            self.module.mentions.insert(vec![name]);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if matches!(&*call.receiver, syn::Expr::Path(on) if on.path.is_ident("self")) {
            self.module.calls.insert((self.of.clone(), call.method.to_string()));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.module.mentions.insert(words(&called.path));
        type Arguments = syn::punctuated::Punctuated<syn::Expr, syn::Token![,]>;
        if let Ok(arguments) = called.parse_body_with(Arguments::parse_terminated) {
            arguments.iter().for_each(|argument| <Self as Visit<'_>>::visit_expr(self, argument));
            return;
        }
        // Whatever else stands in a macro is read word by word: `a :: b :: c`, and `struct Name` that it defines.
        let text = called.tokens.to_string();
        let words: Vec<&str> = text.split_whitespace().collect();
        for pair in words.windows(2) {
            if DEFINES.contains(&pair[0]) && pair[1].starts_with(|c: char| c.is_alphabetic()) {
                self.module.items.insert(pair[1].to_owned());
            }
        }
        let mut path: Vec<String> = Vec::new();
        let mut joined = false;
        for word in words {
            if !joined && word != "::" {
                self.module.mentions.insert(std::mem::take(&mut path));
            }
            joined = word == "::";
            path.extend(word.starts_with(|c: char| c.is_alphabetic() || c == '_').then(|| word.to_owned()));
        }
        self.module.mentions.insert(path);
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&'static str, &'static str)]) -> Vec<String> {
        Tree::read(files.iter().copied(), &["parted"]).circles().into_values().flatten().collect()
    }

    #[test]
    fn two_files_that_name_each_other_are_a_circle() {
        let direct = circles(&[
            ("x/mod.rs", "mod a; mod b;"),
            ("x/a.rs", "use super::b::B; pub struct A(B);"),
            ("x/b.rs", "pub struct B; fn f() -> crate::x::a::A { todo!() }"),
        ]);
        assert_eq!(direct, ["x/a.rs (B) → x/b.rs (A) → x/a.rs"]);
    }

    #[test]
    fn a_circle_may_be_long_and_a_chain_is_none() {
        let chain = [
            ("x/mod.rs", "mod a; mod b; mod c;"),
            ("x/a.rs", "pub fn a() { super::b::b() }"),
            ("x/b.rs", "pub fn b() { super::c::c() }"),
        ];
        assert!(circles(&[&chain[..], &[("x/c.rs", "pub fn c() {}")]].concat()).is_empty());
        let long = circles(&[&chain[..], &[("x/c.rs", "use super::a; pub fn c() { a::a() }")]].concat());
        assert_eq!(long, ["x/a.rs (b) → x/b.rs (c) → x/c.rs (a) → x/a.rs"]);
    }

    #[test]
    fn a_folder_file_that_declares_and_re_exports_is_transparent() {
        // `b` names `A` by the folder's re-export: that is `a`, and `a` needs nobody.
        let by_folder = [
            ("x/mod.rs", "mod a; mod b; pub use a::A; pub use b::*; pub(crate) use b::f as g;"),
            ("x/a.rs", "pub struct A;"),
            ("x/b.rs", "use super::A; pub fn f(_: A) {}"),
        ];
        assert!(circles(&by_folder).is_empty());
        // The same names, but now `a` asks for what `b` defines, under another name.
        let back = circles(&[by_folder[0], ("x/a.rs", "pub struct A; fn h() { crate::x::g(A) }"), by_folder[2]]);
        assert_eq!(back, ["x/a.rs (f) → x/b.rs (A) → x/a.rs"]);
    }

    #[test]
    fn a_child_that_needs_what_its_folder_file_defines_is_a_circle_if_that_uses_the_child() {
        let child = ("x/a.rs", "use super::Kind; pub fn f(_: Kind) {}");
        let used = circles(&[("x/mod.rs", "mod a; pub enum Kind { One } fn g() { a::f(Kind::One) }"), child]);
        assert_eq!(used, ["x/a.rs (Kind) → x/mod.rs (f) → x/a.rs"]);
        assert!(circles(&[("x/mod.rs", "mod a; pub enum Kind { One } pub use a::f;"), child]).is_empty());
        let leaf = [
            ("x/mod.rs", "mod a; mod kind; pub use kind::Kind; fn g() { a::f(Kind::One) }"),
            ("x/kind.rs", "pub enum Kind { One }"),
        ];
        assert!(circles(&[&leaf[..], &[child]].concat()).is_empty());
    }

    #[test]
    fn globs_macros_patterns_and_old_style_folders_are_read() {
        let found = circles(&[
            ("x/mod.rs", "mod a; mod b;"),
            ("x/a.rs", "use super::b::*; mod inner; pub const A: u8 = 1; fn f() { println!(\"{}\", deep(1)) }"),
            ("x/b.rs", "use super::a::inner::I; pub fn deep(_: u8) -> I { I }"),
            ("x/a/inner.rs", "use super::A; pub struct I; fn g(n: u8) { match n { A => {} _ => {} } }"),
        ]);
        assert_eq!(found, ["x/a.rs (deep) → x/b.rs (I) → x/a/inner.rs (A) → x/a.rs"]);
    }

    #[test]
    fn what_a_macro_defines_is_defined() {
        let found = circles(&[
            ("x/mod.rs", "mod a; mod b;"),
            (
                "x/a.rs",
                "use super::b::Grade; macro_rules! codes { ($($n:ident)*) => { pub enum Code { $($n,)* } impl Code { fn g() -> Grade { Grade } } }; } codes! { One }",
            ),
            ("x/b.rs", "use super::a::Code; pub struct Grade; fn f(_: Code) {}"),
        ]);
        assert_eq!(found, ["x/a.rs (Grade) → x/b.rs (Code) → x/a.rs"]);
    }

    #[test]
    fn a_method_that_another_file_adds_is_a_need_but_for_the_folders_that_may() {
        let text = |folder: &str| -> Vec<(&'static str, &'static str)> {
            let whole = "mod a; pub struct X; impl X { pub fn go(&self) { self.added_by_a() } }";
            let part = "use super::X; impl X { pub fn added_by_a(&self) {} }";
            if folder == "parted" {
                vec![("parted/mod.rs", whole), ("parted/a.rs", part)]
            } else {
                vec![("x/mod.rs", whole), ("x/a.rs", part)]
            }
        };
        assert_eq!(circles(&text("x")), ["x/a.rs (X) → x/mod.rs (added_by_a) → x/a.rs"]);
        assert!(circles(&text("parted")).is_empty());
        // Naming a function of the part is a need; but the part's naming its own `X` is none.
        let mut named = text("parted");
        named[0].1 = "mod a; use a::f; pub struct X; impl X { pub fn go(&self) { f() } }";
        assert!(circles(&named).is_empty());
        named[1].1 = "use super::{X, Y}; pub fn f() -> Y { Y } impl X { fn h() {} }";
        named[0].1 = "mod a; use a::f; pub struct X; pub struct Y; impl X { pub fn go(&self) { f(); } }";
        assert_eq!(circles(&named), ["parted/a.rs (Y) → parted/mod.rs (f) → parted/a.rs"]);
    }

    #[test]
    fn tests_other_folders_comments_and_local_names_are_no_needs() {
        let quiet = [
            ("x/mod.rs", "mod a; mod b; #[cfg(test)] mod tests;"),
            ("x/a.rs", "use super::b::B; pub struct A(B); #[cfg(test)] mod tests { use crate::x::b::*; }"),
            (
                "x/b.rs",
                "//! Like [`super::a::A`].\npub struct B; #[cfg(test)] fn t(_: super::a::A) {}\n\
                 #[cfg(test)] mod tests { use super::super::a::A; } fn f(a: u8) -> u8 { let a = a; a }",
            ),
            ("x/tests.rs", "use super::{a::A, b::B}; pub struct Town(A, B);"),
            ("y/mod.rs", "use crate::x::A; pub struct Y(A);"),
        ];
        assert!(circles(&quiet).is_empty());
    }
}
