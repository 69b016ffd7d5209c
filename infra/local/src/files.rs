//! The bucket: objects as files under the data folder, with links that are checked.

use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::error::{CloudError, io};

/// The bucket's service and its folder.
#[derive(Clone)]
pub struct Files {
    service: S3Service,
    root: PathBuf,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Files {
    /// Opens the folder, with one sub-folder a bucket.
    pub(crate) fn open<'a>(
        root: &Path,
        buckets: impl Iterator<Item = &'a str>,
        credentials: (&str, &str),
    ) -> Result<Self, CloudError> {
        for bucket in buckets {
            std::fs::create_dir_all(root.join(bucket)).map_err(io("creating a bucket"))?;
        }
        let system =
            s3s_fs::FileSystem::new(root).map_err(|e| CloudError::Service { service: "s3", why: format!("{e:?}") })?;
        let mut builder = S3ServiceBuilder::new(system);
        builder.set_auth(SimpleAuth::from_single(credentials.0, credentials.1));
        Ok(Self { service: builder.build(), root: root.to_owned() })
    }

    pub(crate) async fn serve(&self, request: Request<Bytes>) -> Response<Body> {
        match self.service.call(request.map(s3s::Body::from)).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                let mut response = Response::new(Body::from(format!("{error:?}")));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }

    /// An object of any bucket, read from the disk.
    pub fn read(&self, key: &str) -> Option<Vec<u8>> {
        let relative = Path::new(key);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            return None;
        }
        let buckets = std::fs::read_dir(&self.root).ok()?.flatten();
        buckets.map(|bucket| bucket.path().join(relative)).find_map(|path| std::fs::read(path).ok())
    }

    /// The keys of all objects, without the service's own notes.
    pub fn keys(&self) -> Vec<String> {
        let mut out = Vec::new();
        for bucket in std::fs::read_dir(&self.root).into_iter().flatten().flatten() {
            walk(&bucket.path(), &bucket.path(), &mut out);
        }
        out.sort();
        out
    }
}

fn walk(bucket: &Path, folder: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() {
            walk(bucket, &path, out);
        } else if !hidden && let Ok(key) = path.strip_prefix(bucket) {
            out.push(key.display().to_string());
        }
    }
}
