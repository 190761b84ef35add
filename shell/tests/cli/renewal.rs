//! An operator's certificate that is replaced under a prompt that stays open.

use std::fs;

use hailer_identity::{Credentials, serial_of};

use crate::authority::Fleet;
use crate::support::terminal::Terminal;

/// Returns the number of her certificate, in hexadecimal.
fn serial(fleet: &Fleet) -> String {
    let read = |name: &str| fs::read_to_string(fleet.keeper.path(name)).expect("there");
    let own = Credentials::from_pem(&read("me/operator.pem"), &read("me/operator.key"));
    let chain = own.expect("they fit").chain();
    let serial = serial_of(&chain[0]).expect("it has one");
    serial.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn times(screen: &[String], text: &str) -> usize {
    screen.iter().filter(|line| line.contains(text)).count()
}

#[test]
fn an_open_prompt_warns_once_and_goes_on_with_the_next_certificate_and_key() {
    let fleet = Fleet::start(&["web1"]);
    let short = ["login", "--name", "ann", "--ca", "ca", "--ttl", "5m"];
    fleet.run(&short).exits(0);
    let first = serial(&fleet);
    let (home, file) = (fleet.keeper.path("me"), fleet.keeper.path("me/fleet.toml"));
    let file = file.display().to_string();
    let mut prompt = Terminal::start(&["--no-rc", "--fleet", &file], &home, 160, 40);
    prompt.wait_for("`hailer login` gets the next one");
    prompt.wait_for_prompt("@all 1>");
    prompt.enters("echo before $((1 + 1))");
    prompt.wait_for("before 2");

    // Another key, too: what is signed with the first one is worth nothing soon.
    fs::remove_file(fleet.keeper.path("me/operator.key")).expect("removed");
    fleet.login().exits(0);
    assert_ne!(serial(&fleet), first);
    prompt.wait_for("your next certificate is in use; it ends at");
    let revoke = ["revoke", "operator/ann", "--serial", &first, "--ca", "ca"];
    fleet.run(&revoke).exits(0).says("1 nodes have it now");
    prompt.enters("echo after $((2 + 2))");
    let screen = prompt.wait_for("after 4");
    assert_eq!(times(&screen, "your certificate ends at"), 1, "{screen:#?}");
    assert_eq!(times(&screen, "your next certificate"), 1, "{screen:#?}");

    // Somebody else's certificate is no next one of hers.
    fleet
        .run(&["login", "--name", "bob", "--ca", "ca"])
        .exits(0);
    prompt.wait_for("the last ones hold on: this shell is `spiffe://demo/operator/ann`");
    prompt.enters("echo still $((3 + 3))");
    prompt.wait_for("still 6");
    prompt.enters("quit");
    assert_eq!(prompt.wait_for_end(), 0);
}
