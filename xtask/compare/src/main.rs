#![doc = include_str!("../README.md")]

mod actix;
mod axum_session;
mod gate;
mod http;
mod ours;
mod site;
mod tower_sessions;
mod trial;

use session_servers::{DataDir, Memcached, Redis};

use crate::site::Site;

const TRIALS: u32 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _guard = runtime.enter();
    let redis = Redis::start()?;
    let memcached = Memcached::start()?;
    let directory = DataDir::create("compare")?;
    let sites = [
        ours::memory(),
        ours::fs(directory.path())?,
        runtime.block_on(ours::redis(&redis.url()))?,
        runtime.block_on(ours::memcache(&memcached.addr()))?,
        tower_sessions::memory(),
        runtime.block_on(tower_sessions::redis(&redis.url()))?,
        runtime.block_on(axum_session::redis(&redis.url()))?,
        actix::redis(&redis.url())?,
    ];
    println!(
        "| | loses the first write | old id alive after logout | the slow request answered | its data under a new id |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for site in &sites {
        let row = row(site).map_err(|error| format!("{}: {error}; run it again", site.name))?;
        println!("{row}");
    }
    Ok(())
}

fn row(site: &Site) -> std::io::Result<String> {
    let (mut lost, mut alive, mut elsewhere, mut statuses) = (0, 0, 0, Vec::new());
    for _ in 0..TRIALS {
        lost += u32::from(trial::overlap(site)?);
        let logout = trial::logout(site)?;
        alive += u32::from(logout.alive);
        elsewhere += u32::from(logout.alive_elsewhere);
        statuses.push(logout.status);
    }
    statuses.sort_unstable();
    statuses.dedup();
    let name = site.name;
    Ok(format!(
        "| {name} | {lost}/{TRIALS} | {alive}/{TRIALS} | {statuses:?} | {elsewhere}/{TRIALS} |"
    ))
}
