CREATE TABLE public.account (
    id text NOT NULL,
    "accountId" text NOT NULL,
    "providerId" text NOT NULL,
    "userId" text NOT NULL,
    "accessToken" text,
    "refreshToken" text,
    "idToken" text,
    "accessTokenExpiresAt" timestamp with time zone,
    "refreshTokenExpiresAt" timestamp with time zone,
    scope text,
    password text,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.conversation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id text NOT NULL,
    title text NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.creation (
    user_id text NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    task_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.deleted_task (
    id uuid NOT NULL,
    user_id text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    done boolean NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    priority smallint NOT NULL,
    tags text[] NOT NULL,
    due_date date,
    due_time time without time zone,
    sample boolean NOT NULL,
    deleted_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.deletion_request (
    token_hash text NOT NULL,
    user_id text NOT NULL,
    task_id uuid NOT NULL,
    task_updated_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.load_run (
    id smallint NOT NULL,
    user_id text NOT NULL,
    pod text NOT NULL,
    started_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    answered jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT load_run_single CHECK ((id = 1))
);
CREATE TABLE public.message (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id text NOT NULL,
    conversation_id uuid NOT NULL,
    place bigint NOT NULL,
    role text NOT NULL,
    text text NOT NULL,
    changes jsonb DEFAULT '[]'::jsonb NOT NULL,
    stopped boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    answers uuid,
    CONSTRAINT message_role CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text])))
);
ALTER TABLE public.message ALTER COLUMN place ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.message_place_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public."rateLimit" (
    id text NOT NULL,
    key text NOT NULL,
    count integer NOT NULL,
    "lastRequest" bigint NOT NULL
);
CREATE TABLE public.sample_offer (
    user_id text NOT NULL,
    made_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.session (
    id text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    token text NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone NOT NULL,
    "ipAddress" text,
    "userAgent" text,
    "userId" text NOT NULL
);
CREATE TABLE public.task (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    done boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    priority smallint DEFAULT '0'::smallint NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    due_date date,
    due_time time without time zone,
    sample boolean DEFAULT false NOT NULL,
    CONSTRAINT task_description_length CHECK ((char_length(description) <= 1000)),
    CONSTRAINT task_due_time_has_date CHECK (((due_time IS NULL) OR (due_date IS NOT NULL))),
    CONSTRAINT task_priority_range CHECK (((priority >= 0) AND (priority <= 3))),
    CONSTRAINT task_tags_bound CHECK ((cardinality(tags) <= 10)),
    CONSTRAINT task_title_length CHECK (((char_length(title) >= 1) AND (char_length(title) <= 200)))
);
CREATE TABLE public.token_usage (
    user_id text NOT NULL,
    day date NOT NULL,
    tokens bigint NOT NULL
);
CREATE TABLE public."user" (
    id text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    "emailVerified" boolean NOT NULL,
    image text,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.verification (
    id text NOT NULL,
    identifier text NOT NULL,
    value text NOT NULL,
    "expiresAt" timestamp with time zone NOT NULL,
    "createdAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO public.account VALUES ('a1', 'u1', 'credential', 'u1', NULL, NULL, NULL, NULL, NULL, NULL, 'not:a-hash', '2026-01-02 03:04:05+00', '2026-01-02 03:04:05+00');
INSERT INTO public.alembic_version VALUES ('0004');
INSERT INTO public.conversation VALUES ('00000000-0000-4000-8000-0000000000c1', 'u1', 'add buy milk', '2026-01-06 05:00:00+00', '2026-01-06 05:00:01+00');
INSERT INTO public.creation VALUES ('u1', 'key-1', 'hash', '00000000-0000-4000-8000-000000000001', '2026-01-05 05:00:00+00');
INSERT INTO public.deleted_task VALUES ('00000000-0000-4000-8000-000000000005', 'u1', 'Gone', '', true, '2026-01-05 05:00:00+00', '2026-01-05 05:00:00+00', 1, '{}', NULL, NULL, false, '2026-01-06 05:00:00+00');
INSERT INTO public.deletion_request VALUES ('hash', 'u1', '00000000-0000-4000-8000-000000000001', '2026-01-02 04:00:00.000001+00', '2026-01-06 05:10:00+00');
INSERT INTO public.load_run VALUES (1, 'u2', 'todo-backend-0', '2026-01-06 05:00:00+00', '2026-01-06 05:01:00+00', '{"todo-backend-0": 12}');
INSERT INTO public.message OVERRIDING SYSTEM VALUE VALUES ('00000000-0000-4000-8000-0000000000d1', 'u1', '00000000-0000-4000-8000-0000000000c1', 1, 'user', 'add buy milk', '[]', false, '2026-01-06 05:00:00+00', NULL);
INSERT INTO public.message OVERRIDING SYSTEM VALUE VALUES ('00000000-0000-4000-8000-0000000000d2', 'u1', '00000000-0000-4000-8000-0000000000c1', 2, 'assistant', 'Added “Buy milk”.', '[{"title": "Buy milk", "action": "added", "task_id": "00000000-0000-4000-8000-000000000001"}]', true, '2026-01-06 05:00:01+00', NULL);
INSERT INTO public.message OVERRIDING SYSTEM VALUE VALUES ('00000000-0000-4000-8000-0000000000e3', 'u1', '00000000-0000-4000-8000-0000000000c1', 3, 'assistant', 'To this question.', '[]', false, '2026-11-24 15:50:20.56653+00', '00000000-0000-4000-8000-0000000000d1');
INSERT INTO public."rateLimit" VALUES ('r1', '127.0.0.1/sign-in/email', 2, 1767323045678);
INSERT INTO public.sample_offer VALUES ('u2', '2026-01-05 05:00:00+00');
INSERT INTO public.session VALUES ('s1', '2036-01-02 03:04:05+00', 'not-a-token', '2026-01-02 03:04:05+00', '2026-01-02 03:04:05+00', NULL, NULL, 'u1');
INSERT INTO public.task VALUES ('00000000-0000-4000-8000-000000000002', 'u1', 'Zażółć gęślą jaźń 🦆', 'line one
line ''two''', true, '2026-01-02 05:00:00+00', '2026-01-03 05:00:00+00', 0, '{}', NULL, NULL, false);
INSERT INTO public.task VALUES ('00000000-0000-4000-8000-000000000003', 'u2', 'Hers', '', false, '2026-01-04 05:00:00+00', '2026-01-04 05:00:00+00', 0, '{}', NULL, NULL, false);
INSERT INTO public.task VALUES ('00000000-0000-4000-8000-000000000001', 'u1', 'Buy milk', '', false, '2026-01-02 04:00:00.000001+00', '2026-01-02 04:00:00.000001+00', 3, '{home,zakupy}', '2026-01-05', '18:00:00', false);
INSERT INTO public.task VALUES ('00000000-0000-4000-8000-000000000004', 'u2', 'Tick me off', '', false, '2026-01-05 05:00:00+00', '2026-01-05 05:00:00+00', 0, '{}', '2026-01-05', NULL, true);
INSERT INTO public.token_usage VALUES ('u1', '2026-01-06', 1234);
INSERT INTO public."user" VALUES ('u1', 'Ada', 'ada@example.com', false, NULL, '2026-01-02 03:04:05.678+00', '2026-01-02 03:04:05.678+00');
INSERT INTO public."user" VALUES ('u2', 'Grażyna', 'grazyna@example.com', false, NULL, '2026-01-03 03:04:05+00', '2026-01-03 03:04:05+00');
SELECT pg_catalog.setval('public.message_place_seq', 3, true);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.creation
    ADD CONSTRAINT creation_pkey PRIMARY KEY (user_id, key);
ALTER TABLE ONLY public.deleted_task
    ADD CONSTRAINT deleted_task_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.deletion_request
    ADD CONSTRAINT deletion_request_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.load_run
    ADD CONSTRAINT load_run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public."rateLimit"
    ADD CONSTRAINT "rateLimit_key_key" UNIQUE (key);
ALTER TABLE ONLY public."rateLimit"
    ADD CONSTRAINT "rateLimit_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY public.sample_offer
    ADD CONSTRAINT sample_offer_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_token_key UNIQUE (token);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.token_usage
    ADD CONSTRAINT token_usage_pkey PRIMARY KEY (user_id, day);
ALTER TABLE ONLY public."user"
    ADD CONSTRAINT user_email_key UNIQUE (email);
ALTER TABLE ONLY public."user"
    ADD CONSTRAINT user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.verification
    ADD CONSTRAINT verification_pkey PRIMARY KEY (id);
CREATE INDEX "account_userId_idx" ON public.account USING btree ("userId");
CREATE INDEX conversation_list_idx ON public.conversation USING btree (user_id, updated_at DESC);
CREATE INDEX creation_age_idx ON public.creation USING btree (user_id, created_at);
CREATE INDEX deleted_task_age_idx ON public.deleted_task USING btree (user_id, deleted_at);
CREATE INDEX deletion_request_user_idx ON public.deletion_request USING btree (user_id);
CREATE INDEX message_order_idx ON public.message USING btree (conversation_id, place);
CREATE INDEX message_user_idx ON public.message USING btree (user_id);
CREATE INDEX "session_userId_idx" ON public.session USING btree ("userId");
CREATE INDEX task_page_idx ON public.task USING btree (user_id, created_at DESC, id);
CREATE INDEX verification_identifier_idx ON public.verification USING btree (identifier);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.creation
    ADD CONSTRAINT creation_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.deleted_task
    ADD CONSTRAINT deleted_task_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.deletion_request
    ADD CONSTRAINT deletion_request_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.load_run
    ADD CONSTRAINT load_run_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES public.conversation(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sample_offer
    ADD CONSTRAINT sample_offer_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.session
    ADD CONSTRAINT "session_userId_fkey" FOREIGN KEY ("userId") REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.token_usage
    ADD CONSTRAINT token_usage_user_id_fkey FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;
