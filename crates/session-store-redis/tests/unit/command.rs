//! Unit tests of `src/command.rs`.

use super::*;

fn command(action: Action) -> Command {
    Command { key: "k".into(), action }
}

#[test]
fn lifetimes_are_rounded_up_and_bounded() {
    assert_eq!(milliseconds(Duration::from_secs(1)), 1000);
    assert_eq!(milliseconds(Duration::from_nanos(1_000_001)), 2);
    assert_eq!(milliseconds(Duration::ZERO), 1);
    assert_eq!(milliseconds(Duration::MAX), i64::MAX / 4);
}

#[test]
fn an_answer_of_another_command_is_an_error() {
    let insert = command(Action::Insert { body: Bytes::new(), ttl: Duration::from_secs(1) });
    assert!(insert.applied(&"OK".into()).unwrap());
    assert!(!insert.applied(&Value::Null).unwrap());
    assert!(insert.applied(&Value::Integer(1)).is_err());
    assert!(insert.applied(&"[{}]".into()).is_err());
    let remove = command(Action::Remove);
    assert!(!remove.applied(&Value::Integer(0)).unwrap());
    assert!(remove.applied(&"[{}]".into()).is_err());
}

#[test]
fn the_script_answers_as_the_native_command_does() {
    let replace = command(Action::Replace(Replacement {
        expected: Bytes::new(),
        body: Bytes::new(),
        ttl: Duration::from_secs(1),
    }));
    let answer = |answers| {
        let answer = replace.answer(Value::Array(answers), Comparison::Script)?;
        replace.applied(&answer)
    };
    assert!(answer(vec!["OK".into()]).unwrap());
    assert!(!answer(vec![Value::Null]).unwrap());
    let error = answer(vec!["OOM command not allowed".into()]).unwrap_err();
    assert_eq!(error.details(), "OOM command not allowed");
    answer(vec![Value::Integer(1)]).unwrap_err();
    answer(vec![]).unwrap_err();
}
