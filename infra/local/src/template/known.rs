//! Which properties are understood, and which matter only to a deployment.
//!
//! A property that stands in neither list is refused: what is not understood is not run.

/// One resource type, or one kind of event.
#[derive(Debug)]
pub(super) struct Known {
    /// The name in the template.
    pub(super) kind: &'static str,
    /// Properties that the small cloud obeys.
    pub(super) obeyed: &'static [&'static str],
    /// Properties that only a deployment needs.
    pub(super) deploy_only: &'static [&'static str],
}

/// The row of a kind.
pub(super) fn known(rows: &'static [Known], kind: &str) -> Option<&'static Known> {
    rows.iter().find(|row| row.kind == kind)
}

/// Types of which nothing runs here.
pub(super) const DEPLOY_ONLY_TYPES: &[&str] = &[
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::ScheduleGroup",
];

/// Types that run here.
pub(super) const TYPES: &[Known] = &[
    Known {
        kind: "AWS::DynamoDB::Table",
        obeyed: &[
            "AttributeDefinitions",
            "BillingMode",
            "GlobalSecondaryIndexes",
            "KeySchema",
            "StreamSpecification",
            "TableName",
            "TimeToLiveSpecification",
        ],
        deploy_only: &[
            "ContributorInsightsSpecification",
            "DeletionProtectionEnabled",
            "OnDemandThroughput",
            "PointInTimeRecoverySpecification",
            "SSESpecification",
            "TableClass",
            "Tags",
        ],
    },
    Known {
        kind: "AWS::SQS::Queue",
        obeyed: &[
            "DelaySeconds",
            "MessageRetentionPeriod",
            "QueueName",
            "ReceiveMessageWaitTimeSeconds",
            "RedrivePolicy",
            "VisibilityTimeout",
        ],
        deploy_only: &[
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "RedriveAllowPolicy",
            "SqsManagedSseEnabled",
            "Tags",
        ],
    },
    Known {
        kind: "AWS::S3::Bucket",
        obeyed: &["BucketName"],
        deploy_only: &[
            "BucketEncryption",
            "LifecycleConfiguration",
            "LoggingConfiguration",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        ],
    },
    Known {
        kind: "AWS::KMS::Key",
        obeyed: &["KeySpec", "KeyUsage"],
        deploy_only: &["Description", "EnableKeyRotation", "KeyPolicy", "PendingWindowInDays", "Tags"],
    },
    Known { kind: "AWS::CloudFront::Distribution", obeyed: &["DistributionConfig"], deploy_only: &["Tags"] },
    Known {
        kind: "AWS::SecretsManager::Secret",
        obeyed: &["GenerateSecretString", "Name", "SecretString"],
        deploy_only: &["Description", "KmsKeyId", "Tags"],
    },
    Known {
        kind: "AWS::Serverless::HttpApi",
        obeyed: &["CorsConfiguration", "DefinitionBody", "StageName"],
        deploy_only: &[
            "AccessLogSettings",
            "DefaultRouteSettings",
            "Description",
            "DisableExecuteApiEndpoint",
            "Domain",
            "FailOnWarnings",
            "Name",
            "RouteSettings",
            "StageVariables",
            "Tags",
        ],
    },
    Known {
        kind: "AWS::Serverless::Function",
        obeyed: &[
            "Architectures",
            "CodeUri",
            "Environment",
            "EventInvokeConfig",
            "Events",
            "FunctionName",
            "Handler",
            "MemorySize",
            "PackageType",
            "Runtime",
            "Timeout",
        ],
        deploy_only: &[
            "DeploymentPreference",
            "Description",
            "EphemeralStorage",
            "LoggingConfig",
            "PermissionsBoundary",
            "Policies",
            "ReservedConcurrentExecutions",
            "Role",
            "RolePath",
            "Tags",
            "Tracing",
        ],
    },
];

/// Kinds of events of a function.
pub(super) const EVENTS: &[Known] = &[
    Known {
        kind: "SQS",
        obeyed: &[
            "BatchSize",
            "Enabled",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "Queue",
            "ScalingConfig",
        ],
        deploy_only: &["MetricsConfig"],
    },
    Known {
        kind: "DynamoDB",
        obeyed: &[
            "BatchSize",
            "BisectBatchOnFunctionError",
            "DestinationConfig",
            "Enabled",
            "FilterCriteria",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "MaximumRetryAttempts",
            "StartingPosition",
            "Stream",
        ],
        deploy_only: &["MaximumRecordAgeInSeconds", "MetricsConfig", "ParallelizationFactor"],
    },
    Known {
        kind: "EventInvokeConfig",
        obeyed: &["DestinationConfig", "MaximumRetryAttempts"],
        deploy_only: &["MaximumEventAgeInSeconds"],
    },
    Known {
        kind: "ScheduleV2",
        obeyed: &["Input", "Name", "ScheduleExpression", "ScheduleExpressionTimezone", "State"],
        deploy_only: &[
            "DeadLetterConfig",
            "Description",
            "FlexibleTimeWindow",
            "OmitName",
            "PermissionsBoundary",
            "RetryPolicy",
            "RoleArn",
        ],
    },
];
