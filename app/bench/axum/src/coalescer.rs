//! Inserts that arrive while the previous statement is under way become one statement, so one commit for all of
//! them. Nothing waits for a timer: whoever comes alone is inserted alone.

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Error, Row, Statement};

use crate::database;

const MOST_AT_ONCE: usize = 256;

pub struct Coalescer(mpsc::UnboundedSender<Insert>);

struct Insert {
    title: String,
    owner: i64,
    reply: oneshot::Sender<Result<Row, Error>>,
}

struct Connection {
    client: Client,
    many: Statement,
    one: Statement,
}

impl Coalescer {
    pub async fn start(url: &str) -> Result<Coalescer, Error> {
        let client = database::open(url).await?;
        let connection = Connection {
            many: client
                .prepare(
                    "INSERT INTO tasks (title, owner_id) \
                     SELECT * FROM unnest($1::text[], $2::bigint[]) \
                     RETURNING id, title, completed, owner_id",
                )
                .await?,
            one: client
                .prepare(
                    "INSERT INTO tasks (title, owner_id) VALUES ($1, $2) \
                     RETURNING id, title, completed, owner_id",
                )
                .await?,
            client,
        };
        let (sender, waiting) = mpsc::unbounded_channel();
        tokio::spawn(connection.run(waiting));
        Ok(Coalescer(sender))
    }

    /// id, title, completed, owner_id. None: the connection is gone.
    pub async fn create_task(&self, title: String, owner: i64) -> Option<Result<Row, Error>> {
        let (reply, answer) = oneshot::channel();
        let insert = Insert {
            title,
            owner,
            reply,
        };
        self.0.send(insert).ok()?;
        answer.await.ok()
    }
}

impl Connection {
    async fn run(self, mut waiting: mpsc::UnboundedReceiver<Insert>) {
        let mut batch = Vec::with_capacity(MOST_AT_ONCE);
        while waiting.recv_many(&mut batch, MOST_AT_ONCE).await > 0 {
            let titles: Vec<&str> = batch.iter().map(|insert| insert.title.as_str()).collect();
            let owners: Vec<i64> = batch.iter().map(|insert| insert.owner).collect();
            match self.client.query(&self.many, &[&titles, &owners]).await {
                Ok(rows) => {
                    for (insert, row) in batch.drain(..).zip(rows) {
                        let _ = insert.reply.send(Ok(row)); // a caller that went away
                    }
                }
                // One bad row fails all of them: each by itself, so that it fails alone.
                Err(_) => {
                    for insert in batch.drain(..) {
                        let row = self
                            .client
                            .query_one(&self.one, &[&insert.title, &insert.owner])
                            .await;
                        let _ = insert.reply.send(row);
                    }
                }
            }
        }
    }
}
