//! What an FFmpeg child may touch: programs and libraries, and the files of its own job. A video that takes its decoder
//! over finds no other session's files, no way to write but to its own output, and no network.
//!
//! Landlock does this without any privilege: Linux 5.13 has it for files, 6.7 for TCP, and an older kernel confines less.
//! It does not know UDP or raw sockets, so a seccomp filter lets a child open none but local ones, also without Landlock.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr,
    RulesetError, Scope,
};
use nix::errno::Errno;
use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};

/// The newest rules that are asked for; those that the kernel does not know are left out.
const RULES: ABI = ABI::V6;

/// Programs and libraries: FFmpeg's own, and the shell's where FFmpeg is a script around another one.
const SYSTEM: [&str; 8] = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store", "/etc/ld.so.cache"];
/// Random numbers, and how many processors there are.
const FACTS: [&str; 2] = ["/dev/urandom", "/sys/devices/system/cpu"];

/// The files of a job that a child works on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    pub read: &'a [&'a Path],
    /// Made here, before the child starts: a rule is about a file that exists, and so the folder stays closed.
    pub written: Option<&'a Path>,
}

/// How children are confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    Landlock,
    /// Not at all, and why.
    None(&'static str),
}

impl Sandbox {
    /// What this kernel offers.
    pub fn of_kernel() -> Self {
        // Best effort gives rules without a descriptor on a kernel without Landlock.
        match base().ok().and_then(Option::<OwnedFd>::from) {
            Some(_) => Self::Landlock,
            None => Self::None("this kernel has no Landlock"),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Landlock => "landlock",
            Self::None(_) => "none",
        }
    }

    /// Makes the command's child confine itself between fork and exec.
    pub fn confine(self, command: &mut Command, files: &Files<'_>) -> io::Result<()> {
        if let Some(path) = files.written {
            OpenOptions::new().create(true).append(true).open(path)?;
        }
        // The library knows three architectures; on another one there is no filter.
        if let Ok(sockets) = local_sockets() {
            // SAFETY: the closure runs between fork and exec. `apply_filter` makes two system calls and allocates nothing.
            unsafe {
                command.pre_exec(move || seccompiler::apply_filter(&sockets).map_err(|_| Errno::last().into()));
            }
        }
        if self != Self::Landlock {
            return Ok(());
        }
        let mut rules = Some(rules(Path::new(command.get_program()), files).map_err(io::Error::other)?);
        // SAFETY: the closure runs between fork and exec. `restrict_self` makes two system calls and closes the rules'
        // descriptor; it allocates nothing, also where it fails.
        unsafe {
            command.pre_exec(move || match rules.take() {
                Some(rules) => rules.restrict_self().map(drop).map_err(|_| Errno::last().into()),
                None => Ok(()),
            });
        }
        Ok(())
    }
}

/// A filter under which `socket` opens local sockets alone; any other family is refused as if it were not there.
fn local_sockets() -> Result<BpfProgram, seccompiler::BackendError> {
    let family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, nix::libc::AF_UNIX as u64)?;
    let refused = vec![SeccompRule::new(vec![family])?];
    let refuse = SeccompAction::Errno(nix::libc::EAFNOSUPPORT as u32);
    let arch = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new([(nix::libc::SYS_socket, refused)].into(), SeccompAction::Allow, refuse, arch)?;
    filter.try_into()
}

/// Rules that allow nothing.
fn base() -> Result<RulesetCreated, RulesetError> {
    let rules = Ruleset::default().handle_access(AccessFs::from_all(RULES))?.handle_access(AccessNet::from_all(RULES))?;
    rules.scope(Scope::from_all(RULES))?.create()
}

fn rules(program: &Path, files: &Files<'_>) -> Result<RulesetCreated, Box<dyn std::error::Error + Send + Sync>> {
    let (run, read) = (AccessFs::from_read(RULES), AccessFs::ReadFile | AccessFs::ReadDir);
    let write = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    let mut rules = base()?;
    // What a system does not have, no child can want from it.
    let system = SYSTEM.iter().map(|path| (PathBuf::from(path), run)).chain(FACTS.iter().map(|path| (PathBuf::from(path), read)));
    let own = folders_of(program).into_iter().map(|path| (path, run));
    for (path, access) in system.chain(own).chain([("/dev/null".into(), write)]) {
        if let Ok(file) = PathFd::new(path) {
            rules = allow(rules, file, access)?;
        }
    }
    for path in files.read {
        rules = allow(rules, PathFd::new(path)?, AccessFs::ReadFile.into())?;
    }
    if let Some(path) = files.written {
        rules = allow(rules, PathFd::new(path)?, write)?;
    }
    Ok(rules)
}

fn allow(rules: RulesetCreated, file: PathFd, access: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    rules.add_rule(PathBeneath::new(file, access))
}

/// The program's folder and the libraries beside it; none for a name that is looked up in the PATH.
fn folders_of(program: &Path) -> Vec<PathBuf> {
    if program.components().count() < 2 {
        return Vec::new();
    }
    let real = program.canonicalize().ok();
    let Some(folder) = real.as_deref().and_then(Path::parent) else { return Vec::new() };
    let beside = folder.parent().map(|above| ["lib", "lib64"].map(|name| above.join(name)));
    beside.into_iter().flatten().chain([folder.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_brings_its_folder_and_its_libraries() {
        let folders = folders_of(Path::new("/proc/self/exe"));
        let own = std::env::current_exe().unwrap().parent().unwrap().canonicalize().unwrap();
        assert_eq!(folders[2], own);
        assert!(folders[0].ends_with("lib") && folders[1].ends_with("lib64"));
        assert_eq!(folders_of(Path::new("ffmpeg")), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn what_is_written_exists_even_without_a_sandbox() {
        let folder = std::env::temp_dir().join(format!("sightline-sandbox-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let output = folder.join("out");
        let files = Files { read: &[], written: Some(&output) };
        Sandbox::None("").confine(&mut Command::new("true"), &files).unwrap();
        let made = output.exists();
        std::fs::remove_dir_all(folder).unwrap();
        assert!(made);
    }

    #[test]
    fn no_socket_but_a_local_one_is_opened() {
        // Bash alone among the shells can send a datagram.
        let talk = || {
            let mut bash = Command::new("bash");
            bash.args(["-c", "echo x > /dev/udp/127.0.0.1/9"]).stderr(std::process::Stdio::null());
            bash
        };
        let Ok(free) = talk().status() else {
            eprintln!("SKIPPED: there is no bash on this machine");
            return;
        };
        let mut confined = talk();
        Sandbox::None("").confine(&mut confined, &Files::default()).unwrap();
        assert_eq!((free.success(), confined.status().unwrap().success()), (true, false));
    }
}
