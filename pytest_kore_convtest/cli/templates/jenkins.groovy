// Conversation tests of the suite files in conversations/, for a multibranch pipeline.
//
// Manage Jenkins > Credentials, of the kind "Secret text":
//   kore-client-id, kore-client-secret, kore-user-email
pipeline {
    agent { docker { image 'python:3.13' } }

    options {
        timeout(time: 45, unit: 'MINUTES')
    }

    stages {
        // Needs no account, so it runs for everybody, pull requests from forks included.
        stage('Lint') {
            options { timeout(time: 10, unit: 'MINUTES') }
            steps {
                sh '''
                    python -m venv .venv
                    .venv/bin/pip install "pytest-kore-convtest[all]"
                    .venv/bin/pytest conversations -m "not kore_live"
                '''
            }
        }

        stage('Conversations') {
            // CHANGE_FORK is set for a pull request from a fork: its code must not meet the secrets.
            when { expression { !env.CHANGE_FORK } }
            options { timeout(time: 30, unit: 'MINUTES') }
            environment {
                KORE_CLIENT_ID = credentials('kore-client-id')
                KORE_CLIENT_SECRET = credentials('kore-client-secret')
                KORE_USER_EMAIL = credentials('kore-user-email')
            }
            steps {
                // Single quotes: the shell reads the variables. Groovy would write them into the script.
                sh '''
                    .venv/bin/pytest conversations --junit-xml=reports/kore.xml \
                        --kore-json reports/kore.json --kore-html reports/kore.html
                '''
            }
        }
    }

    post {
        // A report matters most when the tests failed.
        always {
            junit testResults: 'reports/*.xml', allowEmptyResults: true
            archiveArtifacts artifacts: 'reports/*', allowEmptyArchive: true
        }
    }
}
