from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, String

from database import Base


class User(Base):
    __tablename__ = "users"
    id = Column(BigInteger, primary_key=True, index=True)
    username = Column(String, unique=True, index=True)


class Task(Base):
    __tablename__ = "tasks"
    id = Column(BigInteger, primary_key=True, index=True)
    title = Column(String, index=True)
    completed = Column(Boolean, default=False)
    owner_id = Column(BigInteger, ForeignKey("users.id"))
