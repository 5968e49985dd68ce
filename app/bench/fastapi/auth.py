import os
from datetime import datetime, timedelta, timezone

import bcrypt
import jwt
from fastapi import Depends, HTTPException, status
from fastapi.security import OAuth2PasswordBearer

SECRET_KEY = os.getenv("SECRET_KEY", "a key for benchmarks only")
ALGORITHM = "HS256"
LIFETIME = timedelta(minutes=30)

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")
fake_users_db = {"alice": {"username": "alice", "hashed_password": bcrypt.hashpw(b"secret", bcrypt.gensalt())}}


def authenticate(username: str, password: str):
    user = fake_users_db.get(username)
    if user is None or not bcrypt.checkpw(password.encode(), user["hashed_password"]):
        return None
    return user


def create_access_token(username: str) -> str:
    expires = datetime.now(timezone.utc) + LIFETIME
    return jwt.encode({"sub": username, "exp": expires}, SECRET_KEY, algorithm=ALGORITHM)


def current_user(token: str = Depends(oauth2_scheme)):
    try:
        username = jwt.decode(token, SECRET_KEY, algorithms=[ALGORITHM]).get("sub")
    except jwt.PyJWTError:
        username = None
    if username not in fake_users_db:
        raise HTTPException(
            status_code=status.HTTP_401_UNAUTHORIZED,
            detail="Could not validate credentials",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return fake_users_db[username]
