//! A server that is told nonsense does not start.

use std::process::Command;

use crate::scratch;

/// Environment, options, and what the refusal names.
type Case = (&'static [(&'static str, &'static str)], &'static [&'static str], &'static [&'static str]);

#[test]
fn h15_a_wrong_configuration_is_refused_by_the_name_of_what_is_wrong() {
    let data = scratch::folder("data-");
    let cases: [Case; 12] = [
        (&[("SIGHTLINE_PORT", "many")], &[], &["SIGHTLINE_PORT"]),
        (&[("SIGHTLINE_PORT", "70000")], &[], &["SIGHTLINE_PORT"]),
        (&[("SIGHTLINE_RATE_LIMIT", "-1")], &[], &["SIGHTLINE_RATE_LIMIT"]),
        (&[("SIGHTLINE_TRUSTED_PROXY", "proxy.local")], &[], &["SIGHTLINE_TRUSTED_PROXY"]),
        (&[("SIGHTLINE_LOG", "sightline=loud")], &[], &["SIGHTLINE_LOG"]),
        (&[("REFEREE_PORT", "x")], &[], &["REFEREE_PORT"]),
        (&[("SIGHTLINE_PROT", "8080")], &[], &["SIGHTLINE_PROT"]),
        (&[("SIGHTLINE_PORT", "0"), ("REFEREE_PORT", "1")], &[], &["SIGHTLINE_PORT", "REFEREE_PORT"]),
        (&[], &["--prot", "8080"], &["--prot"]),
        (&[], &["--max-chunk-bytes", "4194304", "--max-file-bytes", "1048576"], &["--max-chunk-bytes", "--max-file-bytes"]),
        (&[], &["--max-bytes-in-flight", "1000"], &["--max-chunk-bytes", "--max-bytes-in-flight"]),
        (&[], &["--session-timeout", "0"], &["--session-timeout"]),
    ];
    for (environment, options, named) in cases {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
        command.args(["serve", "--models-dir", scratch::no_models(), "--data-dir"]).arg(data.path()).args(options);
        let output = command.envs(environment.iter().copied()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{environment:?} {options:?}: {told}");
        for name in named {
            assert!(told.contains(name), "{name} is not named: {told}");
        }
        assert!(!told.contains("listening"));
    }
}
