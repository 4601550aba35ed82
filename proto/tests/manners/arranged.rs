//! How a list is arranged: kept at once, kept over a restart, and nobody else's affair.

use juice_proto::{
    messenger::Output,
    view::{BuddyGroup, BuddyPlace, Command, ErrorCode},
};

use crate::common::stage::{ALICE, BOB, Stage};

fn groups(names: &[(u32, &str)]) -> Command {
    Command::SetGroups { groups: names.iter().map(|(id, name)| BuddyGroup { id: *id, name: (*name).into() }).collect() }
}

/// Alice's command, which goes well.
fn done(stage: &mut Stage, command: Command) {
    let number = stage.command(ALICE, command);
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
}

fn names(stage: &Stage) -> Vec<String> {
    stage.players[ALICE]
        .messenger
        .as_ref()
        .expect("running")
        .views()
        .me
        .groups
        .into_iter()
        .map(|group| group.name)
        .collect()
}

#[test]
fn groups_favourites_and_notes_are_there_again_after_a_restart() {
    let mut stage = Stage::linked();
    let buddy = stage.hex(BOB);
    done(&mut stage, groups(&[(2, " Family "), (1, "Work")]));
    let place = BuddyPlace { group: Some(1), favourite: true };
    done(&mut stage, Command::PlaceBuddy { buddy: buddy.clone(), place });
    done(&mut stage, Command::NoteBuddy { buddy, notes: "likes pears\nand plums\n".into() });

    stage.kill(ALICE);
    stage.start(ALICE);

    assert_eq!(names(&stage), ["Family", "Work"], "in the order in which I put them");
    let row = stage.row(ALICE, BOB);
    assert_eq!((row.place, row.notes.as_str()), (place, "likes pears\nand plums"));
}

#[test]
fn a_buddy_of_a_group_that_is_gone_stands_with_all_others() {
    let mut stage = Stage::linked();
    let buddy = stage.hex(BOB);
    done(&mut stage, groups(&[(1, "Work"), (2, "Family")]));
    done(&mut stage, Command::PlaceBuddy { buddy, place: BuddyPlace { group: Some(1), favourite: true } });
    done(&mut stage, groups(&[(2, "Kin")]));

    assert_eq!(stage.row(ALICE, BOB).place, BuddyPlace { group: None, favourite: true });
    stage.kill(ALICE);
    stage.start(ALICE);
    assert_eq!(stage.row(ALICE, BOB).place.group, None);
    assert_eq!(names(&stage), ["Kin"], "the other has a new name");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut stage = Stage::linked();
    let buddy = stage.hex(BOB);
    done(&mut stage, groups(&[(1, "Work")]));
    let many: Vec<_> = (0..51).map(|id| (id, "group")).collect();
    let place = BuddyPlace { group: Some(9), favourite: false };
    let bad = [
        (groups(&[(1, " ")]), ErrorCode::BadText),
        (groups(&[(1, "a\nb")]), ErrorCode::BadText),
        (groups(&[(1, &"x".repeat(65))]), ErrorCode::BadText),
        (groups(&[(1, "one"), (1, "two")]), ErrorCode::BadText),
        (groups(&many), ErrorCode::BadText),
        (Command::PlaceBuddy { buddy: buddy.clone(), place }, ErrorCode::Unknown),
        (Command::NoteBuddy { buddy, notes: "x".repeat(4_001) }, ErrorCode::BadText),
        (Command::NoteBuddy { buddy: "nobody".into(), notes: String::new() }, ErrorCode::Unknown),
    ];
    for (command, code) in bad {
        let number = stage.command(ALICE, command);
        assert_eq!(stage.answer(ALICE, number), Some(Err(code)));
    }
    assert_eq!(names(&stage), ["Work"]);
    assert_eq!(stage.row(ALICE, BOB).place, BuddyPlace::default());
}

#[test]
fn nobody_is_told_how_i_have_arranged_them() {
    let mut stage = Stage::linked();
    let buddy = stage.hex(BOB);
    stage.log.clear();
    done(&mut stage, groups(&[(1, "People I can't stand")]));
    done(&mut stage, Command::PlaceBuddy { buddy, place: BuddyPlace { group: Some(1), favourite: false } });
    let said = stage.outputs(ALICE).filter(|output| matches!(output, Output::Send(..) | Output::ServerSend(_)));
    assert_eq!(said.count(), 0, "neither a buddy nor the server hears of it");
}
