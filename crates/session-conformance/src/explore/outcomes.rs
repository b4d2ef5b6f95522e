//! What could have been seen, for the report of a run where something else was.

use super::content::letter;
use super::model::{Opened, Progress, Reply};
use super::report::id_name;
use super::scene::{Part, Scene};
use super::world::World;

/// How many outcomes a report lists.
const LISTED: usize = 8;

/// The possible outcomes of a run without a fault.
pub(super) fn possible(scene: Scene, parts: &[Part]) -> String {
    let mut found = Vec::new();
    let start = [Progress::Waiting; 3];
    walk(&scene.world(), scene, parts, start, &mut found);
    found.sort_unstable();
    found.dedup();
    let more = found.len().saturating_sub(LISTED);
    found.truncate(LISTED);
    let mut text = found.join("\n    or ");
    if more > 0 {
        text.push_str(&format!("\n    or one of {more} more"));
    }
    text
}

fn walk(
    world: &World,
    scene: Scene,
    parts: &[Part],
    steps: [Progress; 3],
    found: &mut Vec<String>,
) {
    let mut ended = true;
    for (who, part) in parts.iter().enumerate() {
        let mut next = steps;
        let Some(slot) = next.get_mut(who) else {
            continue;
        };
        match *slot {
            Progress::Waiting => {
                ended = false;
                *slot = Progress::Opened(Opened::new(world, part.id, who, part.action));
                walk(world, scene, parts, next, found);
            }
            Progress::Opened(opened) => {
                ended = false;
                opened.step(world, &mut |world, after| {
                    let mut next = next;
                    if let Some(slot) = next.get_mut(who) {
                        *slot = after.into();
                    }
                    walk(&world, scene, parts, next, found);
                    false
                });
            }
            Progress::Ended(_) => {}
        }
    }
    if ended {
        found.push(show(world, scene, parts, steps));
    }
}

fn show(world: &World, scene: Scene, parts: &[Part], steps: [Progress; 3]) -> String {
    let mut text = Vec::new();
    let mut ids: Vec<usize> = (0..scene.ids()).collect();
    for (who, (_, step)) in parts.iter().zip(steps).enumerate() {
        if let Progress::Ended(reply) = step {
            text.push(format!("{} got {reply:?}", char::from(letter(who))));
            if reply == Reply::Set {
                ids.push(World::NEW + who);
            }
        }
    }
    for at in ids {
        let (lives, content) = world.node(at).view();
        let view = super::content::View { lives, content: Some(content) };
        text.push(format!("under {}: {view}", id_name(at)));
    }
    text.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::action::Action;
    use super::*;

    /// All outcomes if the requests run one at a time.
    fn serial(scene: Scene, parts: &[Part]) -> Vec<String> {
        let mut found = Vec::new();
        for order in [[0, 1], [1, 0]] {
            let (mut world, mut steps) = (scene.world(), [Progress::Waiting; 3]);
            for who in order {
                let opened = Opened::new(&world, parts[who].id, who, parts[who].action);
                steps[who] = Progress::Opened(opened);
                while let Progress::Opened(opened) = steps[who] {
                    opened.step(&world.clone(), &mut |next, after| {
                        world = next;
                        steps[who] = after.into();
                        true
                    });
                }
            }
            found.push(show(&world, scene, parts, steps));
        }
        found
    }

    /// The model lets requests overlap between their opens and their saves. That adds one outcome
    /// to those of the two orders, which the design allows: a login that was clicked twice makes
    /// two sessions.
    #[test]
    fn overlapping_adds_one_thing_to_the_two_orders() {
        use Action::{Regenerate, RegenerateKeepingOld};
        let moves = |action| matches!(action, Regenerate | RegenerateKeepingOld);
        // To the others, a request that saves twice is two requests.
        let once = Action::once();
        let pairs = |a| once.clone().map(move |b| (a, b));
        for scene in Scene::ALL {
            for (a, b) in once.clone().flat_map(pairs) {
                let part = |who, action| Part { action, id: scene.id(who) };
                let parts = [part(0, a), part(1, b)];
                let mut found = Vec::new();
                walk(&scene.world(), scene, &parts, [Progress::Waiting; 3], &mut found);
                let serial = serial(scene, &parts);
                let adds = found.iter().any(|outcome| !serial.contains(outcome));
                let twice = moves(a) && moves(b);
                let may_add = matches!(scene, Scene::One | Scene::Fresh) && twice;
                assert_eq!(adds, may_add, "{scene:?} {a:?} {b:?}: {found:#?}");
            }
        }
    }
}
