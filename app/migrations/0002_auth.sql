-- A user without a password cannot log in.
ALTER TABLE users ADD COLUMN password_hash text;

-- One row a session (a "family" of refresh tokens): the hash of the one token that is good now. Any
-- other token of the family was used before, or is a thief's.
CREATE TABLE refresh_tokens (
    family uuid PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    rotated_at timestamptz,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- For the cascade, and to clean up a user's expired sessions at login.
CREATE INDEX refresh_tokens_user_id ON refresh_tokens (user_id);
