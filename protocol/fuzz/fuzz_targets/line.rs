//! No line and no selector makes the language panic or hang, and every mistake lies within the text.
//!
//! `seeds/line` holds what to begin with.
#![no_main]

use std::sync::LazyLock;

use hailer_lang::danger::changes_things;
use hailer_lang::diagnostic::render_all;
use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_lang::parse::{parse, parse_selector};
use hailer_lang::selector::{Learned, Live, NoResults, World, evaluate};
use libfuzzer_sys::fuzz_target;

static INVENTORY: LazyLock<Inventory> = LazyLock::new(|| {
    let text = "fleet = 'demo'\nca = 'c'\n[[nodes]]\nnames = 'web[001-200]'\naddress = '{name}:1'\n\
                labels = { role = 'web', dc = 'fra' }\n[[nodes]]\nnames = 'db[1-4]'\naddress = '{name}:1'\n\
                labels = { role = 'db' }\ngroups = ['back']\n";
    let file = FleetFile::parse(text).expect("a fleet file");
    Inventory::from_fleet_file(&file).expect("an inventory")
});

fuzz_target!(|text: &str| {
    let words = INVENTORY.known_names();
    let parsed = parse(text, &words);
    for diagnostic in &parsed.diagnostics {
        assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{diagnostic:?}");
    }
    let _ = render_all(&parsed.diagnostics, text);
    let _ = changes_things(text);
    let (selector, mistakes) = parse_selector(text, &words);
    if mistakes.is_empty() {
        let live = Live::default();
        let learned = Learned::nothing();
        let world = World { inventory: &INVENTORY, live: &live, results: &NoResults, learned };
        let _ = evaluate(&selector, world);
    }
    if let Ok(file) = FleetFile::parse(text) {
        let _ = Inventory::from_fleet_file(&file);
    }
});
