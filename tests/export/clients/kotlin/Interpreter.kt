package org.tensorflow.lite

import java.io.File

/** What of LiteRT for Android the page calls. */
class Interpreter(model: File) : AutoCloseable {
    init {
        check(model.isFile) { "no such file: $model" }
    }

    fun runSignature(inputs: Map<String, Any>, outputs: Map<String, Any>, signature: String) {
        println("$signature ${inputs.keys} ${outputs.keys}")
    }

    override fun close() {}
}
