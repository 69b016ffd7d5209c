//! The doors that every kind of adjustment has: its list, one of it, and the second person's yes or no. What is asked for
//! differs by kind, and is the kind's own.

/// Makes `list`, `read`, `approve` and `reject` of a kind of adjustment, as handlers that OpenAPI tells of by its words.
macro_rules! doors {
    (kind: $kind:literal, path: $path:literal, one: $one:literal, several: $several:literal, then: $then:literal) => {
        /// Where they are.
        const PATH: &str = $path;

        #[utoipa::path(
            get, path = $path, tag = "desk", summary = concat!("List ", $several, ", newest first."),
            params(crate::http::page::PageQuery),
            responses(
                (status = 200, description = "A page; CSV for `Accept: text/csv`.", body = edge::page::Listed<AdjustmentView>),
                edge::openapi::Refusals
            ),
            security(("bearer" = []))
        )]
        pub(in crate::http) async fn list(
            axum::extract::State(app): crate::http::Here,
            caller: edge::auth::Caller,
            accepted: edge::csv::Format,
            edge::body::Query(query): edge::body::Query<crate::http::page::PageQuery>,
        ) -> Result<axum::response::Response, edge::problem::Problem> {
            adjusting::page(&app, &caller, $kind, &query, accepted).await
        }

        #[utoipa::path(
            get, path = concat!($path, "/{id}"), tag = "desk", summary = concat!("Read one of the ", $several, "."),
            params(("id" = String, Path, description = "Its id.")),
            responses((status = 200, description = "As it stands.", body = AdjustmentView), edge::openapi::Refusals),
            security(("bearer" = []))
        )]
        pub(in crate::http) async fn read(
            axum::extract::State(app): crate::http::Here,
            caller: edge::auth::Caller,
            edge::body::Segments(id): crate::http::Id,
        ) -> Result<axum::Json<AdjustmentView>, edge::problem::Problem> {
            adjusting::one(&app, &caller, $kind, &id).await.map(axum::Json)
        }

        #[utoipa::path(
            post, path = concat!($path, "/{id}/approve"), tag = "desk",
            summary = concat!("Approve ", $one, " that somebody else asked for: ", $then, "."),
            request_body = adjusting::SealBody,
            params(
                ("id" = String, Path, description = "Its id."),
                ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
            ),
            responses(
                (status = 200, description = "Booked.", body = AdjustmentView),
                edge::openapi::Refusals,
                edge::openapi::WriteRefusals
            ),
            security(("bearer" = []))
        )]
        pub(in crate::http) async fn approve(
            axum::extract::State(app): crate::http::Here,
            edge::auth::Approver(caller): edge::auth::Approver,
            origin: edge::http::Origin,
            minting: edge::idempotency::Minting,
            edge::body::Segments(id): crate::http::Id,
            edge::body::Body(body): edge::body::Body<adjusting::SealBody>,
        ) -> Result<axum::Json<AdjustmentView>, edge::problem::Problem> {
            adjusting::approve(&app, &caller, (origin, minting), ($kind, &id), &body).await
        }

        #[utoipa::path(
            post, path = concat!($path, "/{id}/reject"), tag = "desk",
            summary = concat!("Say no to one of the ", $several, "; who asked takes it back in the same way."),
            request_body = adjusting::ReasonBody,
            params(
                ("id" = String, Path, description = "Its id."),
                ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
            ),
            responses(
                (status = 200, description = "Rejected.", body = AdjustmentView),
                edge::openapi::Refusals,
                edge::openapi::WriteRefusals
            ),
            security(("bearer" = []))
        )]
        pub(in crate::http) async fn reject(
            axum::extract::State(app): crate::http::Here,
            caller: edge::auth::Caller,
            origin: edge::http::Origin,
            minting: edge::idempotency::Minting,
            edge::body::Segments(id): crate::http::Id,
            edge::body::Checked(body): edge::body::Checked<adjusting::ReasonBody>,
        ) -> Result<axum::Json<AdjustmentView>, edge::problem::Problem> {
            adjusting::reject(&app, &caller, (origin, minting), ($kind, &id), &body).await
        }
    };
}

pub(in crate::http) use doors;
