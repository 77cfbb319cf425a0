//! The bucket's endpoint: what stands between HTTP and the operations.

use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use s3s::auth::{S3Auth, SecretKey};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Result, s3_error};

use super::access_key::AccessKey;
use super::asked::OnlyWhatIsKnown;
use super::guard::bucket_of;
use super::serve::Endpoint;
use super::service::BucketService;

/// The bucket's endpoint.
#[derive(Clone)]
pub(super) struct BucketEndpoint(S3Service);

impl BucketEndpoint {
    pub(super) fn new(bucket: BucketService, key: AccessKey) -> Self {
        let mut builder = S3ServiceBuilder::new(bucket);
        builder.set_auth(OneUser(key));
        builder.set_access(OnlyWhatIsKnown);
        builder.set_host(BelowLocalhost);
        Self(builder.build())
    }
}

impl Endpoint for BucketEndpoint {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match self.0.call(request.map(Body::from)).await {
            Ok(answer) => answer,
            Err(_) => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                error(status, "InternalError", "the embedded bucket cannot answer this")
            }
        }
    }

    fn refuse(&self, why: &str) -> Response<Body> {
        error(StatusCode::FORBIDDEN, "AccessDenied", why)
    }
}

/// An error as S3 writes it. The words are ours, and need no escaping.
fn error(status: StatusCode, code: &str, words: &str) -> Response<Body> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{words}</Message></Error>"
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let xml = hyper::header::HeaderValue::from_static("application/xml");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, xml);
    response
}

/// The one user of the bucket.
struct OneUser(AccessKey);

#[async_trait::async_trait]
impl S3Auth for OneUser {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.0.id {
            return Ok(SecretKey::from(self.0.secret.clone()));
        }
        Err(s3_error!(InvalidAccessKeyId, "use the key that `lookbook local --env` prints"))
    }
}

/// `photos.localhost` names the bucket, for clients that cannot be told to put it into the path.
struct BelowLocalhost;

impl S3Host for BelowLocalhost {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let host = VirtualHost::new(host);
        Ok(match bucket_of(name) {
            Some(bucket) => host.with_bucket(bucket),
            None => host,
        })
    }
}
