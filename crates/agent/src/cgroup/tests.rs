use ecs::acs::Container;

use super::*;

fn task(cpu: Option<f64>, memory: Option<i64>, containers: usize) -> Task {
    Task {
        arn: "arn:aws:ecs:us-east-1:111122223333:task/default/0123".into(),
        cpu,
        memory,
        containers: vec![
            Container {
                cpu: 100,
                ..Container::default()
            };
            containers
        ],
        ..Task::default()
    }
}

fn nowhere() -> Cgroups {
    Cgroups {
        root: "/nonexistent".into(),
        driver: Some(CgroupDriver::Cgroupfs),
        unified: false,
        busctl: "/nonexistent/busctl".into(),
    }
}

#[test]
fn a_quarter_of_a_cpu_and_half_a_gigabyte_in_every_notation() {
    let limits = Limits::of(&task(Some(0.25), Some(512), 2)).unwrap();
    let told = |unified| -> Vec<String> {
        let files = limits.files(unified);
        files
            .iter()
            .map(|f| format!("{}/{}={}", f.hierarchy, f.name, f.value))
            .collect()
    };
    assert_eq!(
        told(false),
        [
            "cpu/cpu.shares=256",
            "cpu/cpu.cfs_period_us=100000",
            "cpu/cpu.cfs_quota_us=25000",
            "memory/memory.limit_in_bytes=536870912",
        ]
    );
    assert_eq!(
        told(true),
        [
            "/cpu.weight=10",
            "/cpu.max=25000 100000",
            "/memory.max=536870912"
        ]
    );
    assert_eq!(
        start_slice("0123", &limits.properties(true)).join(" "),
        "StartTransientUnit ssa(sv)a(sa(sv)) ecstasks-0123.slice fail 3 CPUWeight t 10 CPUQuotaPerSecUSec t 250000 MemoryMax t 536870912 0"
    );
}

#[test]
fn without_a_size_of_its_own_a_task_has_no_cgroup() {
    assert_eq!(
        nowhere().limit(&task(None, None, 2)).unwrap(),
        TaskLimits::default()
    );
    let limits = Limits::of(&task(None, Some(64), 2)).unwrap();
    assert_eq!((limits.quota(), limits.shares), (None, 200));
}

#[test]
fn where_no_cgroup_can_be_made_only_a_single_container_can_be_limited() {
    let limits = nowhere().limit(&task(Some(0.5), Some(64), 1)).unwrap();
    assert_eq!(
        (limits.nano_cpus, limits.memory_bytes),
        (Some(500_000_000), Some(64 * MIB))
    );
    let refused = nowhere().limit(&task(Some(0.5), Some(64), 2)).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("ECS_ENABLE_TASK_CPU_MEM_LIMIT"),
        "{refused}"
    );
}

/// A directory tree as the kernel shows it: files of a cgroup are there as soon as its directory is.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, files: &[&str]) -> Self {
        let root = env::temp_dir().join(format!("sealift-{name}-{}", std::process::id()));
        for file in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        Self(root)
    }

    fn cgroups(&self, unified: bool) -> Cgroups {
        Cgroups {
            root: self.0.clone(),
            unified,
            ..nowhere()
        }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_limits_of_a_task_are_written_in_the_first_version() {
    let tree = Tree::new(
        "cgroup-v1",
        &[
            "cpu/ecs/0123/cpu.shares",
            "memory/ecs/0123/memory.limit_in_bytes",
        ],
    );
    let limits = tree.cgroups(false).limit(&task(None, Some(64), 2)).unwrap();
    assert_eq!(limits.cgroup_parent.as_deref(), Some("/ecs/0123"));
    assert_eq!(
        tree.read("memory/ecs/0123/memory.limit_in_bytes"),
        "67108864"
    );
    assert_eq!(tree.read("cpu/ecs/0123/cpu.shares"), "200");
}

#[test]
fn in_the_second_version_the_controllers_are_handed_down_first() {
    let tree = Tree::new(
        "cgroup-v2",
        &[
            "cgroup.subtree_control",
            "ecs/cgroup.subtree_control",
            "ecs/0123/cpu.weight",
            "ecs/0123/cpu.max",
            "ecs/0123/memory.max",
        ],
    );
    let limits = tree.cgroups(true).limit(&task(Some(0.5), Some(64), 2));
    assert_eq!(limits.unwrap().cgroup_parent.as_deref(), Some("/ecs/0123"));
    for control in ["cgroup.subtree_control", "ecs/cgroup.subtree_control"] {
        assert_eq!(tree.read(control), "+cpu +memory");
    }
    assert_eq!(tree.read("ecs/0123/cpu.max"), "50000 100000");
    assert_eq!(tree.read("ecs/0123/memory.max"), "67108864");
}

#[test]
fn what_the_kernel_does_not_offer_is_not_made_up() {
    // The controllers of the memory are not handed down: its files are not there.
    let tree = Tree::new(
        "cgroup-half",
        &[
            "cgroup.subtree_control",
            "ecs/cgroup.subtree_control",
            "ecs/0123/cpu.weight",
        ],
    );
    let refused = tree.cgroups(true).limit(&task(None, Some(64), 2));
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("ecs/0123/memory.max"), "{text}");
    assert!(text.contains("ECS_ENABLE_TASK_CPU_MEM_LIMIT"), "{text}");
    assert!(!tree.0.join("ecs/0123/memory.max").exists());
}

#[test]
fn a_task_leaves_no_directory_in_any_hierarchy() {
    let tree = Tree::new("cgroup-gone", &["cgroup.procs"]);
    for hierarchy in ["cpu", "memory", "cpuset", "unified"] {
        fs::create_dir_all(tree.0.join(hierarchy).join("ecs/0123")).unwrap();
    }
    fs::create_dir_all(tree.0.join("pids/ecs/0123/container")).unwrap();
    tree.cgroups(false)
        .release("arn:aws:ecs:us-east-1:111122223333:task/default/0123");
    for hierarchy in ["cpu", "memory", "cpuset", "unified"] {
        assert!(!tree.0.join(hierarchy).join("ecs/0123").exists());
        assert!(tree.0.join(hierarchy).join("ecs").exists());
    }
    assert!(tree.0.join("pids/ecs/0123/container").exists());
}

/// The kernel of this host: with the second version it holds the limits and tells them, and where it has no controllers
/// for it the task is refused.
#[test]
fn the_kernel_holds_what_was_written_or_the_task_is_refused() {
    let root = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .map(PathBuf::from)
        .into_iter()
        .find(|root| root.join("cgroup.controllers").exists());
    let Some(root) = root else {
        return;
    };
    let cgroups = Cgroups {
        root: root.clone(),
        unified: true,
        ..nowhere()
    };
    let mut task = task(Some(0.5), Some(64), 2);
    task.arn = format!("{}-{}", task.arn, std::process::id());
    let directory = root.join(PARENT).join(task_id(&task.arn));
    match cgroups.limit(&task) {
        Ok(_) => {
            let told = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
            assert_eq!(told("memory.max").trim(), "67108864");
            assert_eq!(told("cpu.max").trim(), "50000 100000");
            cgroups.release(&task.arn);
        }
        Err(refused) => {
            let text = refused.to_string();
            assert!(text.contains("ECS_ENABLE_TASK_CPU_MEM_LIMIT"), "{text}");
        }
    }
    assert!(!directory.exists());
}

#[cfg(unix)]
fn program(tree: &Tree, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let file = tree.0.join("busctl");
    fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    file
}

#[test]
fn systemd_is_asked_for_a_slice_and_what_it_refuses_is_refused() {
    let tree = Tree::new("cgroup-systemd", &["said"]);
    let by_systemd = |text: &str| Cgroups {
        driver: Some(CgroupDriver::Systemd),
        busctl: program(&tree, text),
        ..tree.cgroups(true)
    };
    let task = task(Some(0.5), Some(64), 2);
    let noted = format!("echo \"$@\" >> {}", tree.0.join("said").display());
    let cgroups = by_systemd(&noted);
    let limits = cgroups.limit(&task).unwrap();
    assert_eq!(limits.cgroup_parent.as_deref(), Some("ecstasks-0123.slice"));
    cgroups.release(&task.arn);
    let manager = "--system --allow-interactive-authorization=no call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager";
    let expected = [
        format!(
            "{manager} StartTransientUnit ssa(sv)a(sa(sv)) ecstasks-0123.slice fail 3 CPUWeight t 20 CPUQuotaPerSecUSec t 500000 MemoryMax t 67108864 0"
        ),
        format!("{manager} StopUnit ss ecstasks-0123.slice replace"),
    ];
    assert_eq!(tree.read("said").lines().collect::<Vec<_>>(), expected);

    let there = by_systemd("echo 'Unit ecstasks-0123.slice already exists.' >&2; exit 1");
    assert!(there.limit(&task).is_ok());
    let denied = by_systemd("echo 'Call failed: Access denied' >&2; exit 1");
    let text = denied.limit(&task).unwrap_err().to_string();
    assert!(text.contains("Call failed: Access denied"), "{text}");
}

/// The program of this host, without a bus: it must get as far as looking for one.
#[test]
fn busctl_knows_the_options_that_it_is_called_with() {
    let call = start_slice("0123", &[]);
    let done = call_of_systemd(Path::new("busctl"), &call)
        .env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .output();
    let Ok(done) = done else {
        return;
    };
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success());
    assert!(
        complaint.contains("No such file or directory"),
        "{complaint}"
    );
}
