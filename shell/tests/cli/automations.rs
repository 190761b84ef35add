//! `hailer automation`: files of automations, checked and laid out.

use std::fs;

use crate::support::hailer::Hailer;

#[test]
fn automations_are_checked_and_laid_out_and_keep_their_comments() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (good, bad, other) = (path("good.hail"), path("bad.hail"), path("other.hail"));
    let text = "automation good\n  # Why.\n  when uptime |> where rc != 0\n  on all\n";
    fs::write(&good, text).expect("written");
    fs::write(&other, text).expect("written");
    fs::write(&bad, "automation bad\n  on @all\n  wehn uptime\n").expect("written");
    let hailer = |words: &[&str]| Hailer::new(folder.path()).args(words).run();
    hailer(&["automation", "check", &good]).exits(0);
    hailer(&["automation", "check", &good, &bad])
        .exits(2)
        .complains("did you mean `when`?");
    hailer(&["automation", "check", &other])
        .exits(2)
        .complains("call the file `good.hail`");
    hailer(&["automation", "fmt", &good, &bad]).exits(2);
    hailer(&["automation", "fmt", "--check", &good]).exits(1);
    let now = || fs::read_to_string(&good).expect("it is there");
    assert_eq!(now(), text, "nothing was written so far");
    hailer(&["automation", "fmt", &good]).exits(0);
    let canonical =
        "automation good\n  on      @all\n  # Why.\n  when    uptime |> where rc != 0\n";
    assert_eq!(now(), canonical);
    hailer(&["automation", "fmt", "--check", &good]).exits(0);
}
