//! Redis: one multiplexed connection, which is made again when it breaks.

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, RedisResult};

pub const TIME_TO_LIVE_S: u64 = 300;

#[derive(Clone)]
pub struct Cache(ConnectionManager);

pub async fn connect(url: &str) -> RedisResult<Cache> {
    let client = redis::Client::open(url)?;
    Ok(Cache(
        ConnectionManager::new_with_config(client, ConnectionManagerConfig::new()).await?,
    ))
}

impl Cache {
    /// Redis away is a miss.
    pub async fn get(&self, key: &str) -> Option<String> {
        self.0.clone().get(key).await.unwrap_or(None)
    }

    pub async fn set(&self, key: &str, value: &str) {
        let _: RedisResult<()> = self.0.clone().set_ex(key, value, TIME_TO_LIVE_S).await;
    }
}
