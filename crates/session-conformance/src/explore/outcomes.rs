//! What could have come out, for the report of a run where something else did.

use super::model::{After, Opened, Reply};
use super::report::id_name;
use super::scene::{Part, Scene};
use super::world::World;

/// How many are listed.
const MOST: usize = 8;

/// What any run without a fault may end with, whatever the order.
pub(super) fn possible(scene: Scene, parts: &[Part]) -> String {
    let mut found = Vec::new();
    let start = [Step::Waiting; 3];
    walk(&scene.world(), scene, parts, start, &mut found);
    found.sort_unstable();
    found.dedup();
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    let mut text = found.join("\n    or ");
    if more > 0 {
        text.push_str(&format!("\n    or one of {more} more"));
    }
    text
}

#[derive(Clone, Copy)]
enum Step {
    Waiting,
    Opened(Opened),
    Saved(Reply),
}

fn walk(world: &World, scene: Scene, parts: &[Part], steps: [Step; 3], found: &mut Vec<String>) {
    let mut ended = true;
    for (who, part) in parts.iter().enumerate() {
        let mut next = steps;
        let Some(slot) = next.get_mut(who) else {
            continue;
        };
        match *slot {
            Step::Waiting => {
                ended = false;
                *slot = Step::Opened(Opened::new(world, part.id, who, part.action));
                walk(world, scene, parts, next, found);
            }
            Step::Opened(opened) => {
                ended = false;
                opened.step(world, &mut |world, after| {
                    let mut next = next;
                    if let Some(slot) = next.get_mut(who) {
                        *slot = match after {
                            After::Opened(opened) => Step::Opened(opened),
                            After::Ended(reply) => Step::Saved(reply),
                        };
                    }
                    walk(&world, scene, parts, next, found);
                    false
                });
            }
            Step::Saved(_) => {}
        }
    }
    if ended {
        found.push(show(world, scene, parts, steps));
    }
}

fn show(world: &World, scene: Scene, parts: &[Part], steps: [Step; 3]) -> String {
    let mut text = Vec::new();
    let mut ids: Vec<usize> = (0..scene.ids()).collect();
    for (who, (_, step)) in parts.iter().zip(steps).enumerate() {
        if let Step::Saved(reply) = step {
            text.push(format!("{} got {reply:?}", super::action::letter(who)));
            if reply == Reply::Set {
                ids.push(World::NEW + who);
            }
        }
    }
    for at in ids {
        let (lives, content) = world.node(at).view();
        let view = super::content::View {
            lives,
            content: Some(content),
        };
        text.push(format!("under {}: {view}", id_name(at)));
    }
    text.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::action::Action;
    use super::*;

    /// Everything that may come out if the requests run one at a time.
    fn serial(scene: Scene, parts: &[Part]) -> Vec<String> {
        let mut found = Vec::new();
        for order in [[0, 1], [1, 0]] {
            let (mut world, mut steps) = (scene.world(), [Step::Waiting; 3]);
            for who in order {
                let opened = Opened::new(&world, parts[who].id, who, parts[who].action);
                steps[who] = Step::Opened(opened);
                while let Step::Opened(opened) = steps[who] {
                    opened.step(&world.clone(), &mut |next, after| {
                        world = next;
                        steps[who] = match after {
                            After::Opened(opened) => Step::Opened(opened),
                            After::Ended(reply) => Step::Saved(reply),
                        };
                        true
                    });
                }
            }
            found.push(show(&world, scene, parts, steps));
        }
        found
    }

    /// The model lets requests overlap between their opens and their saves. What that adds to the two orders is little, and
    /// the design allows it: a login that was clicked twice, where both stand.
    #[test]
    fn overlapping_adds_one_thing_to_the_two_orders() {
        use Action::{Regenerate, RegenerateKeepingOld};
        let moves = |action| matches!(action, Regenerate | RegenerateKeepingOld);
        // A request that saves twice is two, to the others.
        let once = Action::once();
        let pairs = |a| once.clone().map(move |b| (a, b));
        for scene in Scene::ALL {
            for (a, b) in once.clone().flat_map(pairs) {
                let part = |who, action| Part {
                    action,
                    id: scene.id(who),
                };
                let parts = [part(0, a), part(1, b)];
                let mut found = Vec::new();
                walk(
                    &scene.world(),
                    scene,
                    &parts,
                    [Step::Waiting; 3],
                    &mut found,
                );
                let serial = serial(scene, &parts);
                let adds = found.iter().any(|outcome| !serial.contains(outcome));
                let twice = moves(a) && moves(b);
                let may_add = matches!(scene, Scene::One | Scene::Fresh) && twice;
                assert_eq!(adds, may_add, "{scene:?} {a:?} {b:?}: {found:#?}");
            }
        }
    }
}
