"""The tutorial's Todo API, in the tutorial's style and with its versions: what app/bench/run compares with.

Written anew from the contract of the API. It is as fast as FastAPI gets this way: two gunicorn workers with uvloop and
httptools (app/bench/fastapi_side.py), no access log, an index on tasks(owner_id), prepared by `todo migrate` like ours.
"""

import redis as redis_errors
from fastapi import Depends, FastAPI, HTTPException, Request, status
from fastapi.security import OAuth2PasswordRequestForm
from rq import Queue
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

import auth
from cache import TIME_TO_LIVE_S, redis_client
from database import SessionLocal, get_db
from jobs import sum_squares
from models import Task, User

app = FastAPI()
limiter = Limiter(key_func=get_remote_address)
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
queue = Queue(connection=redis_client) if redis_client is not None else None


@app.get("/")
async def read_root():
    return {"message": "Hello, Scalable World!"}


@app.get("/health")
def health(db: Session = Depends(get_db)):
    try:
        return {"status": "healthy", "db": db.execute(text("SELECT 1")).scalar()}
    except OperationalError:
        raise HTTPException(status_code=503, detail="Database unavailable")


@app.get("/users/me")
async def read_me(user: dict = Depends(auth.current_user)):
    return {"username": user["username"]}


# No session as a dependency here: it would cost the cached answer two turns in the thread pool, half of its rate.
@app.get("/users/{user_id}")
def read_user(user_id: int):
    key = f"user:{user_id}"
    if redis_client is not None:
        cached = redis_client.get(key)
        if cached is not None:
            return {"id": user_id, "data": cached, "source": "cache"}
    with SessionLocal() as db:
        user = db.query(User).filter(User.id == user_id).first()
        if user is None:
            raise HTTPException(status_code=404, detail="User not found")
        if redis_client is not None:
            redis_client.setex(key, TIME_TO_LIVE_S, user.username)
        return {"id": user.id, "data": user.username, "source": "db"}


@app.post("/users/")
def create_user(username: str, db: Session = Depends(get_db)):
    user = User(username=username)
    db.add(user)
    try:
        db.commit()
    except IntegrityError:
        raise HTTPException(status_code=409, detail="Username already registered")
    db.refresh(user)
    return {"id": user.id, "username": user.username}


@app.post("/tasks/")
def create_task(title: str, owner_id: int, db: Session = Depends(get_db)):
    task = Task(title=title, owner_id=owner_id)
    db.add(task)
    try:
        db.commit()
    except IntegrityError:
        raise HTTPException(status_code=404, detail="User not found")
    db.refresh(task)
    return task


@app.get("/tasks/")
@limiter.limit("5/minute")
def read_all_tasks(request: Request, skip: int = 0, limit: int = 100, db: Session = Depends(get_db)):
    return db.query(Task).order_by(Task.id).offset(skip).limit(limit).all()


@app.get("/tasks/{owner_id}")
def read_tasks(owner_id: int, skip: int = 0, limit: int = 100, db: Session = Depends(get_db)):
    return db.query(Task).filter(Task.owner_id == owner_id).order_by(Task.id).offset(skip).limit(limit).all()


@app.post("/token")
def login(form: OAuth2PasswordRequestForm = Depends()):
    user = auth.authenticate(form.username, form.password)
    if user is None:
        raise HTTPException(
            status_code=status.HTTP_401_UNAUTHORIZED,
            detail="Incorrect username or password",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return {"access_token": auth.create_access_token(user["username"]), "token_type": "bearer"}


@app.post("/jobs/", status_code=202)
def enqueue(n: int):
    if queue is None:
        raise HTTPException(status_code=503, detail="No queue")
    try:
        return {"job_id": queue.enqueue(sum_squares, n).id}
    except redis_errors.ConnectionError:
        raise HTTPException(status_code=503, detail="Queue unavailable")
