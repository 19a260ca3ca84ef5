use types::Timestamp;

use super::*;
use crate::on_both_databases;

fn home() -> Home {
    Home {
        account: "111122223333".parse().unwrap(),
        region: "us-west-2".parse().unwrap(),
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn cluster(name: &str, status: &str) -> ClusterRow {
    ClusterRow {
        home: home(),
        name: name.into(),
        status: status.into(),
        details: "{}".into(),
        created_at: at(1),
    }
}

fn instance(id: &str) -> ContainerInstanceRow {
    ContainerInstanceRow {
        home: home(),
        cluster: "web".into(),
        id: id.into(),
        principal: "AROAEXAMPLE:host".into(),
        status: "ACTIVE".into(),
        agent_connected: false,
        sequence: 0,
        version: 1,
        details: "{}".into(),
        registered_at: at(1),
    }
}

fn revision(family: &str, revision: i64) -> TaskDefinitionRow {
    TaskDefinitionRow {
        family: family.into(),
        revision,
        status: "ACTIVE".into(),
        definition: "{}".into(),
        tags: "[]".into(),
        registered_by: "arn:aws:iam::111122223333:root".into(),
        registered_at: at(revision),
        deregistered_at: None,
    }
}

fn task(id: &str) -> NewTask {
    NewTask {
        home: home(),
        cluster: "web".into(),
        id: id.into(),
        family: "app".into(),
        revision: 1,
        launch_type: "EC2".into(),
        group: "family:app".into(),
        started_by: Some("me".into()),
        client_token: Some("token".into()),
        details: "{}".into(),
        created_at: at(1),
    }
}

fn provisioning() -> TaskState {
    TaskState {
        container_instance: None,
        last_status: "PROVISIONING".into(),
        wanted: true,
        launched: false,
        acknowledged: false,
        stop_code: None,
        stopped_reason: None,
        attachment: None,
        connectivity_at: None,
        started_at: None,
        stopping_at: None,
        stopped_at: None,
        pull_started_at: None,
        pull_stopped_at: None,
        execution_stopped_at: None,
        containers: "[]".into(),
    }
}

on_both_databases! {
    async fn a_cluster_is_listed_while_it_is_active(store: Store) {
        let mut db = store.write().await.unwrap();
        for name in ["a", "b", "c"] {
            db.save_cluster(&cluster(name, "ACTIVE")).await.unwrap();
        }
        db.save_cluster(&cluster("b", "INACTIVE")).await.unwrap();
        let names = |rows: Vec<ClusterRow>| rows.into_iter().map(|r| r.name).collect::<Vec<_>>();
        assert_eq!(names(db.active_clusters(&home(), "", 10).await.unwrap()), ["a", "c"]);
        assert_eq!(names(db.active_clusters(&home(), "a", 1).await.unwrap()), ["c"]);
        assert_eq!(names(db.all_active_clusters().await.unwrap()), ["a", "c"]);
        assert_eq!(db.cluster(&home(), "b").await.unwrap().unwrap().status, "INACTIVE");
    }

    async fn an_instance_that_registers_again_keeps_its_sequence_and_its_principal(store: Store) {
        let mut db = store.write().await.unwrap();
        db.save_container_instance(&instance("i")).await.unwrap();
        assert_eq!(db.next_sequence(&home(), "web", "i").await.unwrap(), 1);
        assert_eq!(db.next_sequence(&home(), "web", "i").await.unwrap(), 2);
        let again = ContainerInstanceRow { principal: "stranger".into(), details: "[]".into(), ..instance("i") };
        db.save_container_instance(&again).await.unwrap();
        let row = db.container_instance(&home(), "web", "i").await.unwrap().unwrap();
        assert_eq!((row.sequence, row.principal.as_str(), row.details.as_str()), (2, "AROAEXAMPLE:host", "[]"));
        assert_eq!(row.version, 2);
        assert!(db.container_instance_of(&home(), "web", "AROAEXAMPLE:host").await.unwrap().is_some());
        assert!(db.container_instance_of(&home(), "web", "stranger").await.unwrap().is_none());
    }

    async fn no_agent_is_connected_after_a_start(store: Store) {
        let mut db = store.write().await.unwrap();
        db.save_container_instance(&instance("i")).await.unwrap();
        db.set_agent_connected(&home(), "web", "i", true).await.unwrap();
        assert!(db.container_instances(&home(), "web").await.unwrap()[0].agent_connected);
        db.disconnect_all_agents().await.unwrap();
        assert!(!db.container_instances(&home(), "web").await.unwrap()[0].agent_connected);
    }

    async fn revisions_count_up_and_the_latest_active_one_is_found(store: Store) {
        let mut db = store.write().await.unwrap();
        for n in 1..=3 {
            assert_eq!(db.next_revision(&home(), "app").await.unwrap(), n);
            db.insert_task_definition(&home(), &revision("app", n)).await.unwrap();
        }
        db.deregister_task_definition(&home(), "app", 3, at(9)).await.unwrap();
        assert_eq!(db.next_revision(&home(), "app").await.unwrap(), 4);
        assert_eq!(db.latest_task_definition(&home(), "app").await.unwrap().unwrap().revision, 2);
        let gone = db.task_definition(&home(), "app", 3).await.unwrap().unwrap();
        assert_eq!((gone.status.as_str(), gone.deregistered_at), ("INACTIVE", Some(at(9))));
        let names = db.task_definition_names(&home(), Some("app"), "ACTIVE").await.unwrap();
        assert_eq!(names, [("app".to_owned(), 1), ("app".to_owned(), 2)]);
    }

    async fn families_are_active_while_one_revision_is(store: Store) {
        let mut db = store.write().await.unwrap();
        db.insert_task_definition(&home(), &revision("app", 1)).await.unwrap();
        db.insert_task_definition(&home(), &revision("old", 1)).await.unwrap();
        db.deregister_task_definition(&home(), "old", 1, at(9)).await.unwrap();
        assert_eq!(db.task_definition_families(&home(), FamilyFilter::Active).await.unwrap(), ["app"]);
        assert_eq!(db.task_definition_families(&home(), FamilyFilter::Inactive).await.unwrap(), ["old"]);
        assert_eq!(db.task_definition_families(&home(), FamilyFilter::All).await.unwrap(), ["app", "old"]);
    }

    async fn a_tasks_state_is_read_back_as_saved(store: Store) {
        let mut db = store.write().await.unwrap();
        db.insert_task(&task("t"), &provisioning()).await.unwrap();
        let state = TaskState {
            container_instance: Some("i".into()),
            last_status: "STOPPED".into(),
            wanted: false,
            launched: true,
            acknowledged: true,
            stop_code: Some("UserInitiated".into()),
            stopped_reason: Some("enough".into()),
            attachment: Some("ATTACHED".into()),
            connectivity_at: Some(at(1)),
            started_at: Some(at(2)),
            stopping_at: Some(at(3)),
            stopped_at: Some(at(4)),
            pull_started_at: Some(at(5)),
            pull_stopped_at: Some(at(6)),
            execution_stopped_at: Some(at(7)),
            containers: "[1]".into(),
        };
        db.save_task_state(&task("t"), &state).await.unwrap();
        let row = db.task(&home(), "web", "t").await.unwrap().unwrap();
        assert_eq!(row, TaskRow { task: task("t"), state, version: 2 });
    }

    async fn tasks_are_listed_by_what_is_asked_for(store: Store) {
        let mut db = store.write().await.unwrap();
        for id in ["a", "b", "c"] {
            db.insert_task(&task(id), &provisioning()).await.unwrap();
        }
        let placed = TaskState { container_instance: Some("i".into()), ..provisioning() };
        db.save_task_state(&task("b"), &placed).await.unwrap();
        let ids = |rows: Vec<TaskRow>| rows.into_iter().map(|r| r.task.id).collect::<Vec<_>>();
        let all = db.list_tasks(&home(), "web", TaskFilter::default(), "", 2).await.unwrap();
        assert_eq!(ids(all), ["a", "b"]);
        let on_i = TaskFilter { container_instance: Some("i"), ..TaskFilter::default() };
        assert_eq!(ids(db.list_tasks(&home(), "web", on_i, "", 9).await.unwrap()), ["b"]);
        let unwanted = TaskFilter { wanted: Some(false), ..TaskFilter::default() };
        assert!(db.list_tasks(&home(), "web", unwanted, "", 9).await.unwrap().is_empty());
        assert_eq!(ids(db.living_tasks_on(&home(), "web", "i").await.unwrap()), ["b"]);
        assert_eq!(ids(db.tasks_of_client_token(&home(), "web", "token").await.unwrap()).len(), 3);
    }

    async fn an_acknowledgement_counts_only_for_what_is_still_wanted(store: Store) {
        let mut db = store.write().await.unwrap();
        db.insert_task(&task("t"), &provisioning()).await.unwrap();
        db.acknowledge_task(&home(), "web", "t", false).await.unwrap();
        assert_eq!(db.unsettled_tasks().await.unwrap().len(), 1);
        db.acknowledge_task(&home(), "web", "t", true).await.unwrap();
        assert!(db.unsettled_tasks().await.unwrap().is_empty());
    }

    async fn stopped_tasks_are_swept_after_their_time(store: Store) {
        let mut db = store.write().await.unwrap();
        db.insert_task(&task("t"), &provisioning()).await.unwrap();
        assert_eq!(db.sweep_stopped_tasks(at(100)).await.unwrap(), 0);
        let stopped = TaskState { last_status: "STOPPED".into(), stopped_at: Some(at(50)), ..provisioning() };
        db.save_task_state(&task("t"), &stopped).await.unwrap();
        assert_eq!(db.sweep_stopped_tasks(at(50)).await.unwrap(), 0);
        assert_eq!(db.sweep_stopped_tasks(at(100)).await.unwrap(), 1);
    }
}

fn service(name: &str, status: &str) -> ServiceRow {
    ServiceRow {
        key: ServiceKey {
            home: home(),
            cluster: "web".into(),
            name: name.into(),
        },
        status: status.into(),
        scheduling_strategy: "REPLICA".into(),
        launch_type: "EC2".into(),
        client_token: None,
        details: "{}".into(),
        state: "{}".into(),
        created_by: "arn:aws:iam::111122223333:root".into(),
        created_at: at(1),
        ended_at: None,
        version: 1,
    }
}

fn state(status: &str) -> TaskState {
    TaskState {
        last_status: status.into(),
        ..provisioning()
    }
}

on_both_databases! {
    async fn services_are_listed_counted_and_seen_to_change_with_their_tasks(store: Store) {
        let mut db = store.write().await.unwrap();
        for (name, status) in [("a", "ACTIVE"), ("b", "DRAINING"), ("c", "INACTIVE")] {
            db.save_service(&service(name, status)).await.unwrap();
        }
        let listed = db.list_services(&home(), "web", ServiceFilter::default(), "", 10).await.unwrap();
        let names: Vec<_> = listed.iter().map(|row| row.key.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let daemons = ServiceFilter { scheduling_strategy: Some("DAEMON"), launch_type: None };
        assert_eq!(db.list_services(&home(), "web", daemons, "", 10).await.unwrap(), []);
        assert_eq!(db.count_active_services(&home(), "web").await.unwrap(), 1);

        let before = db.service_pulses().await.unwrap();
        assert_eq!(before.len(), 2);
        let key = service("a", "ACTIVE").key;
        let pulse = |pulses: &[(ServiceKey, ServicePulse)]| {
            pulses.iter().find(|(one, _)| *one == key).map(|(_, pulse)| *pulse).unwrap()
        };
        assert_eq!(pulse(&before), ServicePulse { version: 1, tasks: 0, task_versions: 0 });
        let new = NewTask { group: key.group(), ..task("t1") };
        db.insert_task(&new, &state("PENDING")).await.unwrap();
        db.save_task_state(&new, &state("STOPPED")).await.unwrap();
        let after = db.service_pulses().await.unwrap();
        assert_eq!(pulse(&after), ServicePulse { version: 1, tasks: 1, task_versions: 2 });
        let rows = db.tasks_of_service(&key).await.unwrap();
        assert_eq!(rows.len(), 1);
        // A task whose end was noted is history.
        db.note_task_end(&rows[0]).await.unwrap();
        assert_eq!(db.tasks_of_service(&key).await.unwrap(), []);
        db.save_service(&service("a", "ACTIVE")).await.unwrap();
        assert_eq!(db.service(&key).await.unwrap().unwrap().version, 2);
        db.commit().await.unwrap();
    }

    async fn what_a_task_holds_is_known_while_it_lives_and_goes_with_it(store: Store) {
        let mut db = store.write().await.unwrap();
        let new = NewTask { group: "service:a".into(), ..task("t1") };
        db.insert_task(&new, &state("RUNNING")).await.unwrap();
        let mut held = HeldSecretRow {
            container: "app".into(),
            name: "PASSWORD".into(),
            provider: "asm".into(),
            value_from: "arn:secret".into(),
            arn: "arn:secret".into(),
            version: "1".into(),
        };
        db.hold_secret(&new, &held).await.unwrap();
        held.version = "2".into();
        db.hold_secret(&new, &held).await.unwrap();
        assert_eq!(db.held_secrets(&home(), "web", "t1").await.unwrap(), [held.clone()]);
        let holdings = db.holdings_of("arn:secret").await.unwrap();
        assert_eq!((holdings.len(), &holdings[0].held, holdings[0].task.as_str()), (1, &held, "t1"));
        assert_eq!(db.holdings_of_group(&home(), "web", "service:a").await.unwrap(), holdings);
        assert_eq!(db.holdings().await.unwrap(), holdings);
        let mut stopped = state("STOPPED");
        stopped.stopped_at = Some(at(5));
        db.save_task_state(&new, &stopped).await.unwrap();
        assert_eq!(db.holdings().await.unwrap(), []);
        db.sweep_stopped_tasks(at(6)).await.unwrap();
        assert_eq!(db.held_secrets(&home(), "web", "t1").await.unwrap(), []);
        db.commit().await.unwrap();
    }
}
